"""Who debates what, as the command line names it."""

from collections.abc import Sequence

from persllm.agents.debate import FORMAT
from persllm.agents.dialogue.formats import ROUNDS, TURNS, Format, formats
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.scenario_files import DEFAULT_COUNT
from persllm.agents.dialogue.seats import CastMember, Side, take_seats
from persllm.agents.runtime import split_speaker
from persllm.errors import PersonaError, ScenarioError

SIDES: tuple[Side, Side] = ("for", "against")


def named_debate(
    names: Sequence[str],
    *,
    motion: str,
    format: str = FORMAT,
    turns: int | None = None,
    rounds: int | None = None,
    seed: int = 0,
) -> Scenario:
    """Return a debate between personas named by the user; the first is for the motion, and so on.

    Args:
        names: "persona" or "persona@stage"; two or more.
        motion: What is debated, as a statement.
        format: Id of a format of debates.
        turns: So many are held in a format that counts them.
        rounds: So many are held in a format that counts these.
        seed: On which words depend.

    Raises:
        PersonaError: There is no such persona or stage, or fewer than two are named.
        ScenarioError: There is no motion, no such format of debates, or it does not count that.
    """
    if len(names) < 2:
        raise PersonaError(
            f"a debate needs two personas, got {len(names)}. Example: persllm debate nikola-tesla "
            f"thomas-edison --motion '...'; or one that is ready: persllm play currents"
        )
    found = [split_speaker(name) for name in names]
    if not motion.strip():
        raise ScenarioError("a debate needs a motion. Give a statement: --motion '...'")
    cast = [
        CastMember(persona=persona, stage=persona.stage(stage), side=SIDES[place % 2])
        for place, (persona, stage) in enumerate(found)
    ]
    return Scenario(
        id=FORMAT,
        title=motion,
        format=_debate_format(format),
        topic=motion,
        seats=take_seats(cast),
        count=_count(_debate_format(format), turns=turns, rounds=rounds),
        order="round",
        seed=seed,
    )


def _debate_format(name: str) -> Format:
    known = [each.id for each in formats().values() if each.kind == "debate"]
    if name not in known:
        raise ScenarioError(f"there is no debate {name!r}. Choose one of: {', '.join(known)}.")
    return formats()[name]


def _count(form: Format, *, turns: int | None, rounds: int | None) -> int:
    given = {TURNS: turns, ROUNDS: rounds}
    for word, number in given.items():
        if number is not None and word != form.counted:
            raise ScenarioError(
                f"the format {form.id} counts {form.counted}, not {word}: --{form.counted} {number}"
            )
    return given[form.counted] or DEFAULT_COUNT[form.counted]
