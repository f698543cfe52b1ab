"""Every error this package raises on purpose.

PersLLMError
├── PersonaError      the persona folder is wrong             (fix the folder)
├── DataError         items or pairs are wrong or missing     (build again)
├── AdapterError      weights, base and persona do not match  (train again, or name the right base)
├── BaseModelError    the base cannot be loaded               (name another base)
├── EngineError       the model could not answer              (see the message)
│   ├── TooLongError  prompt and reply exceed its context     (say less, recall less)
│   └── BudgetError   the budget is spent                     (raise it, or be content)
├── MemoryStoreError  memories could not be read or kept      (check the store)
├── ServeError        a page or port cannot be opened         (choose another port)
├── RunFileError      the YAML of a run has faults            (mend the file)
├── ScenarioError     a scenario or its play cannot be held   (mend the file, or name another)
└── GateError         an evaluation is worse than another     (look at the answers)

A message says what happened, with which value, what would be right and what to do next.
Programming mistakes stay `ValueError` and `TypeError`.
"""


class PersLLMError(Exception):
    """Anything a user can mend; the command line prints it without a traceback."""

    exit_code = 1


class PersonaError(PersLLMError):
    """The persona folder has faults; the message lists all of them."""

    exit_code = 3


class DataError(PersLLMError):
    """Items or pairs are missing, empty or unreadable."""

    exit_code = 4


class AdapterError(PersLLMError):
    """An adapter is missing or does not fit the base, the template or the persona."""

    exit_code = 5


class BaseModelError(PersLLMError):
    """A base cannot be found or loaded."""

    exit_code = 6


class EngineError(PersLLMError):
    """The engine could not answer."""

    exit_code = 7


class TooLongError(EngineError):
    """What was said, and the reply that may follow, do not fit the engine's context."""


class BudgetError(EngineError):
    """The budget for a teacher is spent; what was paid for is kept."""

    exit_code = 10


class MemoryStoreError(PersLLMError):
    """The memory store cannot be opened, read or written."""

    exit_code = 8


class ServeError(PersLLMError):
    """A page cannot be served."""

    exit_code = 9


class RunFileError(PersLLMError):
    """The YAML file of a run has faults; the message lists all of them."""

    exit_code = 11


class ScenarioError(PersLLMError):
    """A scenario is missing or has faults, or what is kept of a play does not fit it."""

    exit_code = 12


class GateError(PersLLMError):
    """A figure of an evaluation fell by more than its noise."""

    exit_code = 20
