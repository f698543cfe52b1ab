"""JSON of chats to turns: the exports of many makers, and any objects with an author and a text.

Whose words a message holds is told by it alone: what somebody forwards, a bot says, a tool answers
or an app writes is no speaker's own, and is left out.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from persllm.errors import PersonaError
from persllm.training.importing.document import OWN_MESSAGES, Document, Turn
from persllm.training.importing.readers.notices import no_words
from persllm.training.importing.readers.pauses import Timed, parted

SPEAKERS = (
    "role author speaker from user_profile name sender sender_name creator user username nickname "
    "source src"
).split()
NAMES = "role nickname real_name display_name displayName name username".split()
TEXTS = "content text message body parts value mes".split()
OWN_TEXTS = ("contents", "full_text")
"""What holds the words of whoever asked for his data: Discord's package, Twitter's archive."""
TIMES = (
    "timestamp timestamp_ms date time ts create_time created_at created_date createddatetime "
    "datetime send_date sent_at"
).split()
FOREIGN = "forwarded_from forwarded_from_id saved_from forwardedmessage via_bot bot_id".split()
"""Marks of words that are another person's or a machine's."""
NOT_SPOKEN = frozenset("system tool function developer".split())
WORDS = frozenset(("", "text", "multimodal_text", "html", "m.text", "m.emote"))
"""Kinds of content that somebody said; others are code, thoughts, files and contexts."""
TOOLS = frozenset("thinking reasoning redacted_thinking tool_use tool_result tool_call".split())
SPOKEN_SUBTYPES = frozenset(("", "thread_broadcast", "me_message", "file_share"))
"""What Slack marks and is still said; the rest are joins, renamings and bots."""
NOTICE = re.compile(r"service|\w+(?:PinnedMessage|Join|Add|Remove|Change|Call|Boost\w*|Created)")
LINKED = re.compile(
    r"<(?:[@#!][^<>|]*|a?:\w+:\d*|(?P<place>(?:https?|mailto):[^<>|]*))(?:\|(?P<label>[^<>]*))?>"
)
"""A mention or link of Slack or Discord."""
MAX_NESTING = 12
"""Deepest object in which messages are looked for."""


def read_chat_json(text: str, name: str, *, notes: tuple[str, ...] = ()) -> Document:
    """Return the turns of a JSON or JSON lines chat.

    Raises:
        PersonaError: It is no JSON, or holds no message with an author and a text.
    """
    turns = [turn for turn in _turns(_loaded(text, name)) if turn.text]
    spoken = tuple(turn for turn in turns if not no_words(turn.text))
    if not spoken:
        raise PersonaError(
            f"{name} holds no messages: objects with one of {', '.join(SPEAKERS[:4])} and one of "
            f"{', '.join(TEXTS[:4])} are needed."
        )
    if len(spoken) < len(turns):
        notes += (f"{len(turns) - len(spoken)} notices and left-out pictures dropped",)
    return Document(form="chat", turns=spoken, notes=notes)


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
    """Yield what was said in one thread; one that is told from its end is turned round."""
    said: list[Timed] = []
    for number, row in enumerate(rows, start=1):
        message = _message(row)
        if message:
            at, year = _time(_lowered(row))
            where = f"message {row.get('id', number)}"[:80]
            turn = Turn(speaker=message[0], text=message[1], where=where, year=year, scene=scene)
            said.append(Timed(turn, at))
    times = [each.at for each in said if each.at is not None]
    if len(times) == len(said) and sorted(times) != times == sorted(times, reverse=True):
        said.reverse()
    names = _names(rows)
    for turn in parted(said):
        yield replace(turn, speaker=names.get(turn.speaker, turn.speaker))


def _names(rows: Sequence[Any]) -> dict[str, str]:
    """Return the names of Slack's users by their ids, which stand alone in some messages."""
    found = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("user"), str):
            found[row["user"]] = _name(row.get("user_profile")) or row["user"]
    return found


def _message(row: Any) -> tuple[str, str] | None:  # noqa: ANN401 (JSON is anything)
    """Return who said what; None for whatever nobody said himself."""
    if not isinstance(row, dict):
        return None
    row = _lowered(row)
    if not _is_own(row):
        return None
    own = next((t for key in OWN_TEXTS if (t := _text(row.get(key)))), "")
    if own and not own.startswith("RT @"):
        return OWN_MESSAGES, own
    speaker = next((s for key in SPEAKERS if (s := _name(row.get(key)))), "")
    text = next((t for key in TEXTS if (t := _text(row.get(key)))), "")
    return (speaker, text) if speaker and text and speaker not in NOT_SPOKEN else None


def _lowered(row: dict[str, Any]) -> dict[str, Any]:
    """Return a message with keys in lower case; what a wrapper holds stands beside it."""
    low = {str(key).lower(): value for key, value in row.items()}
    for inner, speaker in (("tweet", None), ("data", low.get("type"))):
        if isinstance(low.get(inner), dict):  # LangChain's messages, Twitter's archive
            low |= {str(key).lower(): value for key, value in low[inner].items()}
            low |= {"speaker": speaker} if speaker else {}
    return low


def _is_own(row: dict[str, Any]) -> bool:
    """Tell whether a message holds its speaker's own words."""
    metadata, content, author = (row.get(key) for key in ("metadata", "content", "author"))
    hidden = isinstance(metadata, dict) and metadata.get("is_visually_hidden_from_conversation")
    bot = row.get("isbot") or (
        isinstance(author, dict) and (author.get("isBot") or author.get("bot"))
    )
    kind = content.get("content_type", "") if isinstance(content, dict) else ""
    return not (
        hidden
        or bot
        or any(row.get(key) for key in FOREIGN)
        or kind not in WORDS
        or row.get("subtype", "") not in SPOKEN_SUBTYPES
        or NOTICE.fullmatch(str(row.get("type", "")))
    )


def _name(value: Any) -> str:  # noqa: ANN401 (JSON is anything)
    if isinstance(value, dict):
        names = (value[key] for key in NAMES if isinstance(value.get(key), str) and value[key])
        return _name(next(names, value.get("user")))
    return mended(value).strip()[:80] if isinstance(value, str) else ""


def _text(value: Any) -> str:  # noqa: ANN401 (JSON is anything)
    """Return the words of a message on one line, without the marks of its maker."""
    text = _raw(value)
    text = LINKED.sub(lambda at: at["label"] or at["place"] or "", text)
    return " ".join(mended(html.unescape(text)).split())


def _raw(value: Any) -> str:  # noqa: ANN401 (JSON is anything)
    """Return a text, or the texts of a list of spans, as Telegram and OpenAI write them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(v if isinstance(v, str) else _raw(v) for v in value if _is_span(v))
    if isinstance(value, dict):
        inner = next((value[k] for k in ("text", "parts", "body", "content") if value.get(k)), "")
        text = _raw(inner) if isinstance(inner, str | list) else ""
        is_page = str(value.get("contentType", value.get("content_type", ""))).lower() == "html"
        return re.sub(r"<[^<>]*>", " ", text) if is_page else text
    return ""


def _is_span(value: Any) -> bool:  # noqa: ANN401 (JSON is anything)
    return isinstance(value, str) or (isinstance(value, dict) and value.get("type") not in TOOLS)


def mended(text: str) -> str:
    """Return a text whose UTF-8 was read as Latin-1, as Meta exports it, in its own letters."""
    for wrong in ("latin-1", "cp1252"):
        try:
            return text if text.isascii() else text.encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
    return text


def _time(row: dict[str, Any]) -> tuple[float | None, int | None]:
    """Return seconds since 1970 and the year of a message, as far as it tells them."""
    given = next((row[key] for key in TIMES if row.get(key)), "")
    if isinstance(given, str) and re.fullmatch(r"\d{9,14}(?:\.\d+)?", given):
        given = float(given)
    if isinstance(given, int | float) and 0 < given < 1e14:
        seconds = given / 1000 if given > 1e11 else float(given)
        return seconds, datetime.fromtimestamp(seconds, tz=UTC).year
    if not isinstance(given, str):
        return None, None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        year = re.search(r"\b(?:1[5-9]|20)\d\d\b", given)
        return None, int(year[0]) if year else None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp(), moment.year
