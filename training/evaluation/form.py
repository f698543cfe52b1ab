"""How often is an answer leaked, cut, spliced or empty? Over everything that was asked singly."""

from collections.abc import Callable, Mapping, Sequence

from persllm.materials import Material
from persllm.training.evaluation.figures import Case
from persllm.training.evaluation.parts import Part
from persllm.training.evaluation.reading.form import Passages, is_cut, is_empty, is_spliced, leaks
from persllm.training.evaluation.systems import Outcome, Question

Rule = Callable[[str], bool]


def form_rules(materials: Sequence[Material]) -> Mapping[str, Rule]:
    """Return what finds a fault in an answer, by measure."""
    passages = Passages(materials)
    return {
        "leaks": leaks,
        "cuts": is_cut,
        "splices": lambda answer: is_spliced(answer, passages),
        "empties": is_empty,
    }


def form_part(rules: Mapping[str, Rule]) -> Part:
    """Return the part that reads the answers to the other parts' questions; it asks nothing."""

    def judged(outcome: Outcome) -> list[Case]:
        return [
            Case(
                measure=measure,
                id=f"{question.stage}/{question.text}",
                value=float(rule(answer)),
                stage=question.stage,
                question=question.text,
                answer=answer,
            )
            for question, answer in outcome.answers.items()
            if _spoken(question)
            for measure, rule in rules.items()
        ]

    return Part(name="form", cases=judged)


def _spoken(question: Question) -> bool:
    """Tell whether a persona was asked, as a visitor asks."""
    return not question.bare and question.sample is None
