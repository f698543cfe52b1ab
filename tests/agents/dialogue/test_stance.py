"""Where speakers and audience stand: asked after all they have heard, kept, and shown."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.stance import Stance, seated, stances, verdict
from persllm.agents.dialogue.stance_page import stance_figure, stance_table
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.engine import Request, Score
from tests.agents.dialogue.stage import held, member, person, prompt, scenario, voices

PRO, CONTRA = member("nikola-tesla", side="for"), member("thomas-edison", side="against")
DEBATE = scenario(PRO, CONTRA, format="debate", count=4)


class Persuaded(ScriptedEngine):
    """Speaks in numbers; finds yes the likelier, the more of them it has heard."""

    def __init__(self) -> None:
        super().__init__(lambda request: f"Reason {len(self.asked)}.")
        self.scored: list[Request] = []

    def score(self, requests: Sequence[Request], replies: Sequence[str]) -> list[Score]:
        """Return how likely each reply is."""
        self.scored += requests
        heard = [prompt(each).count("Reason") for each in requests]
        return [
            Score(float(count) if reply == "Yes." else 1.0, 1)
            for count, reply in zip(heard, replies, strict=True)
        ]


def asked_of(engine: Persuaded) -> list[Stance]:
    speakers = voices(DEBATE, engine)
    curie = ChatPersona(persona=person("marie-curie"), stage="late", engine=engine)
    turns = held(DEBATE, engine)
    return stances(DEBATE, speakers, turns, audience=seated([curie]), scorer=engine)


def test_speakers_are_asked_before_after_and_after_each_turn_and_the_audience_twice() -> None:
    found = asked_of(Persuaded())
    assert [(each.name, each.side) for each in found] == [
        ("Nikola Tesla", "for"),
        ("Thomas Edison", "against"),
        ("Marie Curie", "none"),
    ]
    times = [[at for at, _ in each.points] for each in found]
    assert times == [[0, 1, 3, 4], [0, 2, 4], [0, 4]]
    assert found[2].points == ((0, 0.2689), (4, 0.9526))
    assert verdict(found) == "for"


def test_who_is_asked_is_on_no_side_and_has_heard_all() -> None:
    engine = Persuaded()
    asked_of(engine)
    header = engine.scored[0].messages[0].content
    assert "You take no side." in header and "You speak for it" not in header
    told = [message.content for message in engine.scored[-1].messages]
    assert "Nikola Tesla: Reason 1.\nThomas Edison: Reason 2." not in told[-1]  # two at the table
    assert all(f"Reason {number}." in told[-1] for number in range(1, 5))
    assert told[-1].endswith("Answer yes or no.")


@pytest.mark.parametrize(
    ("before", "after", "side"), [(0.2, 0.4, "for"), (0.4, 0.2, "against"), (0.3, 0.3, "none")]
)
def test_the_verdict_is_the_side_that_moved_the_audience(
    before: float, after: float, side: str
) -> None:
    speaker = Stance("T", "for", ((0, 0.9), (4, 0.1)))
    assert verdict([speaker, Stance("C", "none", ((0, before), (4, after)))]) == side


def test_readers_see_the_values_and_the_curves() -> None:
    found = [Stance("<T>", "for", ((0, 0.9), (2, 0.95))), Stance("C", "none", ((0, 0.2), (2, 0.6)))]
    table = stance_table(found)
    assert "| <T> | for | 0.90 → 0.95 | +0.05 |" in table
    assert "The audience moved towards the motion." in table
    figure = stance_figure(found, ["red", "blue"])
    assert figure.count("<polyline") == 2 and figure.count("<circle") == 4
    assert "&lt;T&gt;, for: 0.90 → 0.95 (+0.05)" in figure and "<T>" not in figure
    assert stance_table([]) == stance_figure([], []) == ""


def test_stances_are_asked_once_and_stand_on_the_page(tmp_path: Path) -> None:
    from persllm.workflows.play import HTML, keep_stances, keep_turns, kept_play
    from tests.workflows.test_play import runtime

    engine = Persuaded()
    speakers, folder = voices(DEBATE, engine), tmp_path / "play"
    for _ in range(2):
        with kept_play(DEBATE, runtime(tmp_path), speakers, folder) as play:
            assert list(keep_turns(play, folder)) or play.is_finished
            assert len(keep_stances(play, speakers, folder)) == 2
    assert len(engine.scored) == 14
    assert "<polyline" in (folder / HTML).read_text(encoding="utf-8")
    assert "## Where they stood" in (folder / "transcript.md").read_text(encoding="utf-8")
