"""Chat logs to turns: WhatsApp's text export in its date forms, and JSON of many makers.

JSON: Telegram and Discord exports, ChatGPT's `conversations.json`, and any list or lines of objects
with a role or author and a text.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from persllm.errors import PersonaError
from persllm.training.importing.document import Document, Turn

SPEAKERS = ("role", "author", "speaker", "from", "name", "sender", "user", "username", "nickname")
TEXTS = ("content", "text", "message", "body", "parts", "value")
TIMES = ("timestamp", "date", "time", "create_time", "created_at", "datetime")
MAX_NESTING = 12
"""Deepest object in which messages are looked for."""
STAMP = re.compile(
    r"^\[?(?P<date>\d{1,4}[./-]\d{1,2}[./-]\d{1,4}),?\s+"
    r"(?P<time>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s?[apAP]\.?\s?[mM]\.?)?)\]?\s*(?:-\s+|\s)?(?P<rest>.*)$"
)
SAID = re.compile(r"^(?P<speaker>[^:\n]{1,60}):\s(?P<text>.*)$", re.DOTALL)
NO_WORDS = re.compile(
    r"^\s*(?:<[^<>]{3,40}(?:omitted|weggelassen|omitido|omis|ausgeschlossen)>|"
    r"\S* ?(?:image|video|audio|sticker|GIF|document|Contact card) omitted|<attached: [^>]+>|null|"
    r"(?:This message was|You) deleted(?: this message)?\.?|.{1,80}\(file attached\)|"
    r"Missed .{3,20} call.*)\s*$",
    re.IGNORECASE,
)
MIN_STAMPED = 2


def looks_like_whatsapp(text: str) -> bool:
    """Tell whether lines begin with a date and a time, as in a chat log."""
    lines = [line for line in text[:20_000].split("\n") if line.strip()][:40]
    stamped = sum(bool(STAMP.match(_plain(line))) for line in lines)
    return stamped >= MIN_STAMPED and stamped >= 0.3 * len(lines)


def read_whatsapp(text: str, *, notes: tuple[str, ...] = ()) -> Document:
    """Return the turns of a WhatsApp export; notices and left-out pictures are counted."""
    turns: list[Turn] = []
    silent = 0
    last: dict[str, Any] | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        match = STAMP.match(_plain(raw))
        if match is None:
            if last is not None and raw.strip():
                last["text"] += " " + raw.strip()
            continue
        silent += _finish(last, turns)
        said = SAID.match(match["rest"])
        last = {"silent": True, "text": ""}
        if said:
            last = {
                "speaker": said["speaker"].strip(),
                "text": said["text"].strip(),
                "where": f"line {number}",
                "year": _year(match["date"]),
                "scene": match["date"],
            }
    silent += _finish(last, turns)
    if silent:
        notes += (f"{silent} notices and left-out pictures dropped",)
    return Document(form="chat", turns=tuple(turns), notes=notes)


def read_chat_json(text: str, name: str, *, notes: tuple[str, ...] = ()) -> Document:
    """Return the turns of a JSON or JSON lines chat.

    Raises:
        PersonaError: It is no JSON, or holds no message with an author and a text.
    """
    turns = [turn for turn in _turns(_loaded(text, name)) if turn.text]
    spoken = tuple(turn for turn in turns if not NO_WORDS.match(turn.text))
    if not spoken:
        raise PersonaError(
            f"{name} holds no messages: objects with one of {', '.join(SPEAKERS[:4])} and one of "
            f"{', '.join(TEXTS[:4])} are needed."
        )
    if len(spoken) < len(turns):
        notes += (f"{len(turns) - len(spoken)} notices and left-out pictures dropped",)
    return Document(form="chat", turns=spoken, notes=notes)


def _plain(line: str) -> str:
    return re.sub(r"[\u202f\u00a0\u200e\u200f]", " ", line).lstrip()


def _finish(last: dict[str, Any] | None, turns: list[Turn]) -> int:
    """Keep a message that has words; return 1 for one that has none."""
    if last is None:
        return 0
    if "silent" in last or not last["text"] or NO_WORDS.match(last["text"]):
        return 1
    turns.append(Turn(**last))
    return 0


def _year(date: str) -> int | None:
    numbers = [int(part) for part in re.split(r"[./-]", date)]
    long = [number for number in numbers if number > 999]
    year = long[0] if long else 2000 + numbers[-1]
    return year if 1000 < year < 2200 else None


def _loaded(text: str, name: str) -> Any:  # noqa: ANN401 (JSON is anything)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise PersonaError(f"{name} is nested too deep for a chat log.") from error
    except ValueError as whole:
        rows, faults = [], 0
        for line in filter(str.strip, text.split("\n")):
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError):
                faults += 1
        if not rows or faults:
            raise PersonaError(
                f"{name} is neither JSON ({whole}) nor JSON lines ({faults} of "
                f"{faults + len(rows)} lines are none)."
            ) from whole
        return rows


def _turns(value: Any) -> Iterator[Turn]:  # noqa: ANN401 (JSON is anything)
    """Yield the messages found in a value, thread by thread, in order; no recursion."""
    waiting: list[tuple[Any, str, int]] = [(value, "", 0)]
    while waiting:
        found, scene, depth = waiting.pop()
        if depth > MAX_NESTING or not isinstance(found, dict | list):
            continue
        if isinstance(found, dict) and isinstance(found.get("mapping"), dict):
            thread = str(found.get("id") or found.get("title") or depth)
            yield from _messages(_in_order(found), scene=thread)
            continue
        children: Iterable[Any] = found.values() if isinstance(found, dict) else found
        rows = found if isinstance(found, list) else []
        if rows and any(_message(row) for row in rows):
            yield from _messages(rows, scene=scene)
            continue
        inner = [(child, f"{scene}/{i}", depth + 1) for i, child in enumerate(children)]
        waiting += reversed(inner)


def _in_order(thread: dict[str, Any]) -> list[Any]:
    """Return a ChatGPT conversation's messages along the branch that was kept."""
    nodes = thread["mapping"]
    node = nodes.get(str(thread.get("current_node")))
    if not isinstance(node, dict):
        return [n.get("message") for n in nodes.values() if isinstance(n, dict)]
    branch: list[Any] = []
    while isinstance(node, dict) and len(branch) <= len(nodes):
        branch.append(node.get("message"))
        node = nodes.get(str(node.get("parent")))
    return branch[::-1]


def _messages(rows: Sequence[Any], *, scene: str) -> Iterator[Turn]:
    for number, row in enumerate(rows, start=1):
        said = _message(row)
        if said:
            day, year = _time(row)
            yield Turn(
                speaker=said[0],
                text=" ".join(said[1].split()),
                where=f"message {row.get('id', number) if isinstance(row, dict) else number}"[:80],
                year=year,
                scene=f"{scene} {day}",
            )


def _message(row: Any) -> tuple[str, str] | None:  # noqa: ANN401 (JSON is anything)
    if not isinstance(row, dict) or row.get("type") == "service":
        return None
    speaker = next((s for key in SPEAKERS if (s := _name(row.get(key)))), "")
    text = next((t for key in TEXTS if (t := _text(row.get(key)))), "")
    return (speaker, text) if speaker and text and speaker not in ("system", "tool") else None


def _name(value: Any) -> str:  # noqa: ANN401 (JSON is anything)
    if isinstance(value, dict):
        keys = ("role", "nickname", "name", "username")
        value = next((value[k] for k in keys if isinstance(value.get(k), str)), "")
    return value.strip()[:80] if isinstance(value, str) else ""


def _text(value: Any) -> str:  # noqa: ANN401 (JSON is anything)
    """Return a text, or the texts of a list of spans, as Telegram and OpenAI write them."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        inner = value.get("text", value.get("parts"))
        return _text(inner) if isinstance(inner, str | list) else ""
    if isinstance(value, list):
        spans = [v if isinstance(v, str) else v.get("text") for v in value if _is_span(v)]
        return "".join(span for span in spans if isinstance(span, str)).strip()
    return ""


def _is_span(value: Any) -> bool:  # noqa: ANN401 (JSON is anything)
    return isinstance(value, str | dict)


def _time(row: Any) -> tuple[str, int | None]:  # noqa: ANN401 (JSON is anything)
    """Return (day, year) of a message; ("", None) where it has no time."""
    given = next((row[key] for key in TIMES if isinstance(row, dict) and row.get(key)), "")
    if isinstance(given, int | float) and 0 < given < 1e13:
        seconds = given / 1000 if given > 1e11 else given
        moment = datetime.fromtimestamp(seconds, tz=UTC)
        return moment.date().isoformat(), moment.year
    match = re.match(r"(\d{4})-\d{2}-\d{2}", given) if isinstance(given, str) else None
    return (match[0], int(match[1])) if match else ("", None)
