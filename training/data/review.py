"""A reviewer's desk: items with the paragraphs they come from, and what was decided about them.

Knows no terminal and no page. A decision is on disk when `decide` returns; the next build of the
persona applies it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from persllm.errors import DataError
from persllm.materials import Material, read_materials
from persllm.persona import Persona
from persllm.persona_catalog import called
from persllm.replies import parse_reply
from persllm.training.data.build import ITEMS_FOLDER, read_statistics
from persllm.training.data.decisions import Decision, Verdict, read_decisions, write_decision
from persllm.training.data.items import Item, each_item


@dataclass(frozen=True, slots=True)
class Sheet:
    """One item as it lies on the desk."""

    item: Item
    sources: tuple[Material, ...]
    decision: Decision | None

    @property
    def analysis(self) -> str:
        """What is thought before the response; the edited words where there are any."""
        edited = self.decision.analysis if self.decision else ""
        return edited or parse_reply(self.item.reply).analysis

    @property
    def question(self) -> str:
        """The user turn, as edited."""
        return (self.decision.question if self.decision else "") or self.item.question

    @property
    def response(self) -> str:
        """What is said, as edited."""
        edited = self.decision.response if self.decision else ""
        return edited or self.item.response


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which items are looked at; empty means all."""

    stage: str = ""
    pattern: str = ""
    unreviewed: bool = False


class Desk:
    """The items of a finished build, and the decisions about them.

    Args:
        persona: Whose; decisions are kept in its folder.
        data: Folder of the build.

    Raises:
        DataError: There is no finished build, or a line of it or of the decisions is faulty.
    """

    def __init__(self, persona: Persona, data: Path) -> None:
        read_statistics(data)
        self.persona = persona
        self._data = data
        self._materials = {material.id: material for material in read_materials(persona)}
        self._decisions = read_decisions(persona)
        self._made: list[tuple[str, Decision | None]] = []

    def sheets(self, wanted: Wanted | None = None) -> Iterator[Sheet]:
        """Yield the items that are wanted, in the build's order."""
        wanted = wanted or Wanted()
        for path in sorted((self._data / ITEMS_FOLDER).glob("*.jsonl")):
            for item in each_item(path):
                sheet = self._sheet(item)
                if (
                    wanted.stage in ("", item.stage)
                    and wanted.pattern in ("", item.pattern)
                    and item.key
                    and not (wanted.unreviewed and sheet.decision)
                ):
                    yield sheet

    def find(self, item_id: str) -> Sheet:
        """Return one item.

        Raises:
            DataError: There is none of that id.
        """
        for sheet in self.sheets():
            if sheet.item.id == item_id:
                return sheet
        raise DataError(
            f"{self.persona.name} has no item {item_id!r}. List them: "
            f"persllm review {called(self.persona)} --list."
        )

    def decide(
        self, item: Item, verdict: Verdict, *, why: str = "", question: str = "", response: str = ""
    ) -> None:
        """Keep a decision; words that are the item's own are no edit.

        Raises:
            DataError: An edit changes nothing.
        """
        said = item.response
        question = "" if question.strip() == item.question else question.strip()
        response = "" if response.strip() == said else response.strip()
        if verdict == "edit" and not (question or response):
            raise DataError("an edit needs a new question or a new response; nothing was changed.")
        decision = Decision(
            key=item.key,
            verdict=verdict,
            item=item.id,
            why=why.strip(),
            question=question,
            response=response,
        )
        self._made.append((item.key, self._decisions.get(item.key)))
        self._keep(decision)

    def undo(self) -> str | None:
        """Take the last decision of this sitting back; return its item's key, or None."""
        if not self._made:
            return None
        key, before = self._made.pop()
        self._keep(before or Decision(key=key, verdict="undo"))
        return key

    def counts(self) -> Counter[str]:
        """Return how many decisions of each kind hold."""
        return Counter(decision.verdict for decision in self._decisions.values())

    def _sheet(self, item: Item) -> Sheet:
        sources = tuple(self._materials[s] for s in item.sources if s in self._materials)
        return Sheet(item, sources, self._decisions.get(item.key))

    def _keep(self, decision: Decision) -> None:
        write_decision(self.persona, decision)
        if decision.verdict == "undo":
            self._decisions.pop(decision.key, None)
        else:
            self._decisions[decision.key] = decision
