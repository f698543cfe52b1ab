"""Speakers at once: tokens a second of the local engine beside PEFT, one reply after another.

python benchmarks/decode.py [--cast | --nano | --half] [--repeats 5]

Each side answers fresh prompts, once from the start and once, where the prompt is read already,
from there: "in all" and "writing only". With --cast the bundled personas answer hand-written
questions with their shipped adapters and memories, to the end; otherwise random adapters answer
about 130 tokens of words without sense with 40 tokens. A persona's header is the same for all who
ask it. Both sides run in turn in one process, one thread; printed are medians of CPU time. Replies
in fp32 must be those of PEFT. "No lookup" is our engine without guesses of what comes next.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Protocol

from langchain_core.messages import HumanMessage
from speakers import Plain, random_adapters, random_base, request, timed, words

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.engines.local import LocalEngine
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.bases import Base, find_base
from persllm.engine import Request
from persllm.materials import read_materials
from persllm.persona import Persona
from persllm.persona_catalog import bundled, find_persona
from persllm.training.data.handwritten import read_handwritten

ROWS = (1, 4, 16)
TOKENS = 40

Rates = dict[tuple[str, int], tuple[float, float]]
"""Tokens a second in all and writing only, by side and rows."""


class Source(Protocol):
    """What is asked, of which base."""

    base: Base
    adapters: list[Path]

    def asked(self, rows: int, part: int) -> list[Request]:
        """Return so many requests; those of each part are fresh."""
        ...


class Made:
    """Random adapters and words without sense."""

    def __init__(self, base: Base, folder: Path) -> None:
        self.base = base
        self.adapters = random_adapters(base, folder, 4)

    def asked(self, rows: int, part: int) -> list[Request]:
        """Return requests of one turn each; speakers of one adapter share a header."""
        count, seed = len(self.adapters), 1000 * part
        return [
            request(
                words(60, seed + row),
                self.adapters[row % count],
                tokens=TOKENS,
                header=f"{seed} {rows} {row % count} {words(30, seed)}",
            )
            for row in range(rows)
        ]


class Cast:
    """The bundled personas, in turn, with what they recall."""

    def __init__(self, folder: Path) -> None:
        self._place = Runtime(RuntimeOptions(base="nano", runs=folder))
        self.base = self._place.base
        people = [find_persona(name) for name in bundled()]
        self.adapters = [self._place.adapter(persona) for persona in people]
        each = [self._questions(persona) for persona in people]
        self._in_turn = (question for several in zip(*each, strict=False) for question in several)

    def asked(self, rows: int, part: int) -> list[Request]:
        """Return the next requests; `part` tells no more than their order does."""
        ready = (chat.prepare([HumanMessage(text)]) for chat, text in islice(self._in_turn, rows))
        return [replace(each.request, end_circles=False) for each in ready if each.request]

    def _questions(self, persona: Persona) -> Iterator[tuple[ChatPersona, str]]:
        written = list(read_handwritten(persona, read_materials(persona)))
        chats = {stage.id: self._place.chat(persona, stage=stage.id) for stage in persona.stages}
        random.Random(0).shuffle(written)
        return ((chats[each.stage], each.draft.question) for each in written)


def plain_rates(plain: Plain, batch: Sequence[Request]) -> tuple[list[tuple[str, int]], Rates]:
    """Return PEFT's replies and rates; writing is what a reply takes beyond its first token."""
    replies, seconds = timed(lambda: [plain.reply(each) for each in batch])
    _, reading = timed(lambda: [plain.reply(replace(each, max_tokens=1)) for each in batch])
    count = sum(written for _, written in replies)
    later = count - len(batch)
    return replies, {("peft", 1): (count / seconds, later / (seconds - reading))}


def engine_rates(
    engine: LocalEngine, batch: Sequence[Request], *, exact: bool
) -> tuple[list[tuple[str, int]], tuple[float, float]]:
    """Return the engine's replies and rates; asked again, prompts need not be read."""
    replies, seconds = timed(lambda: engine.generate(batch))
    again, writing = timed(lambda: engine.generate(batch))
    # Reused keys and values are rounded otherwise; in int8 that may flip two tokens as good.
    assert not exact or again == replies, "what was kept changed a reply"
    count = sum(reply.new_tokens for reply in replies)
    return [(r.text, r.new_tokens) for r in replies], (count / seconds, count / writing)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cast", action="store_true", help="nano and the bundled personas")
    parser.add_argument("--nano", action="store_true", help="the nano base, not the random one")
    parser.add_argument("--half", action="store_true", help="a random one published in fp16")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        source = source_of(chosen, Path(made))
        base = source.base
        plain = Plain(base, source.adapters)
        engines = {
            "fp32": LocalEngine(base),
            "no lookup": LocalEngine(base, lookup=0),
            "int8": LocalEngine(base, int8=True),
        }
        rounds: list[Rates] = []
        same: list[bool] = []
        for part in range(chosen.repeats + 1):  # the first one warms up
            asked = {rows: source.asked(rows, part) for rows in ROWS}
            expected, rates = plain_rates(plain, asked[4])
            for (kind, engine), rows in product(engines.items(), ROWS):
                exact = kind != "int8"
                replies, rates[kind, rows] = engine_rates(engine, asked[rows], exact=exact)
                if exact and rows == 4:
                    same.append(replies == expected)
            rounds.append(rates)
        print(f"base {base.name}, tokens a second in all / writing only, and times PEFT")
        show(rounds[1:])
        print(f"fp32 batches of four with PEFT's very tokens: {sum(same)} of {len(same)}")


def source_of(chosen: argparse.Namespace, folder: Path) -> Source:
    """Return what the options ask for."""
    if chosen.cast:
        return Cast(folder)
    if chosen.nano:
        return Made(find_base("nano"), folder)
    return Made(random_base(folder / "base", half=chosen.half), folder)


def show(rounds: list[Rates]) -> None:
    stock = [statistics.median(each["peft", 1][part] for each in rounds) for part in (0, 1)]
    for kind, rows in rounds[0]:
        here = [statistics.median(each[kind, rows][part] for each in rounds) for part in (0, 1)]
        times = [rate / plain for rate, plain in zip(here, stock, strict=True)]
        print(
            f"{kind:9s} {rows:3d} rows {here[0]:7.1f} / {here[1]:7.1f}, "
            f"{times[0]:5.2f} / {times[1]:5.2f} times"
        )


if __name__ == "__main__":
    main()
