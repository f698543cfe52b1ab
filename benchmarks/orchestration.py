"""What a turn of a play costs beside the model: whose turn it is, what was heard, keeping it.

python benchmarks/orchestration.py [--personas 4 50] [--turns 200]

The model is a scripted one that answers at once; personas have no memory. CPU milliseconds a turn,
of the first and of the last twenty: to see whose turn it is; to ask a persona as well (what it
heard, LangChain, guards); with LangGraph, kept in memory; and in SQLite, as `persllm play` has it.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.dialogue.checkpoints import kept_in
from persllm.agents.dialogue.formats import formats
from persllm.agents.dialogue.graph import PlayState, following, reader, speaking
from persllm.agents.dialogue.play import Play
from persllm.agents.dialogue.scenario import Scenario
from persllm.agents.dialogue.seats import CastMember, take_seats
from persllm.agents.engines.scripted import ScriptedEngine
from persllm.engine import Request
from persllm.persona_catalog import bundled, find_persona

FEW = 20


def answers() -> Callable[[Request], str]:
    """Return what says something else each time."""
    numbers = itertools.count()
    return lambda request: f"{' '.join(f'word{next(numbers)}' for _ in range(30))}."


def play_of(personas: int, turns: int) -> tuple[Scenario, dict[str, ChatPersona]]:
    """Return a dialogue of so many seats, which the bundled personas share."""
    people = list(itertools.islice(itertools.cycle(map(find_persona, bundled())), personas))
    scenario = Scenario(
        id="many",
        title="Many",
        format=formats()["dialogue"],
        topic="what is worth knowing",
        seats=take_seats([CastMember(persona=person) for person in people]),
        count=turns,
        order="round",
    )
    engine = ScriptedEngine(answers())
    return scenario, {
        seat.id: ChatPersona(persona=person, engine=engine)
        for seat, person in zip(scenario.seats, people, strict=True)
    }


def timed(turns: Iterator[object]) -> list[float]:
    """Return the CPU milliseconds of each turn."""
    costs, started = [], time.process_time()
    for _ in turns:
        costs.append(1000 * (time.process_time() - started))
        started = time.process_time()
    return costs


def by_edge(scenario: Scenario, voices: dict[str, ChatPersona], turns: int) -> Iterator[object]:
    """Yield whose turn it is, as the graph's edge finds it when the state has grown."""
    *_, whole = by_nodes(scenario, voices, turns)
    follows, state = following(scenario, reader()), PlayState(turns=[])
    yield None  # so that the turns above are not counted
    for row in whole["turns"]:
        yield follows(state)
        state = PlayState(turns=[*state["turns"], row])


def by_nodes(scenario: Scenario, voices: dict[str, ChatPersona], turns: int) -> Iterator[PlayState]:
    """Yield turns as the node of the graph makes them, without a graph."""
    speak = speaking(scenario, voices, reader())
    state = PlayState(turns=[])
    for _ in range(turns):
        state = PlayState(turns=[*state["turns"], *speak(state)["turns"]])
        yield state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--personas", type=int, nargs="+", default=[4, 50])
    parser.add_argument("--turns", type=int, default=200)
    chosen = parser.parse_args()
    for personas in chosen.personas:
        scenario, voices = play_of(personas, chosen.turns)
        with tempfile.TemporaryDirectory() as made, kept_in(Path(made) / "p.sqlite") as saver:
            ways = {
                "whose turn": by_edge(scenario, voices, chosen.turns),
                "node alone": by_nodes(scenario, voices, chosen.turns),
                "in memory": Play(scenario, voices, checkpointer=InMemorySaver()).go_on(),
                "in SQLite": Play(scenario, voices, checkpointer=saver).go_on(),
            }
            for name, turns in ways.items():
                costs = timed(turns)[-chosen.turns :]
                first, last = sum(costs[:FEW]) / FEW, sum(costs[-FEW:]) / FEW
                print(f"{personas:3d} personas, {name:11s}: {first:6.2f} ms, later {last:6.2f} ms")


if __name__ == "__main__":
    main()
