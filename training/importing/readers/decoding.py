"""Bytes of unknown origin to clean text, with word of what was done to them.

Nothing is guessed silently: which encoding was taken, and which characters were removed, is told.
"""

import codecs
import os
import re
import stat
from collections import Counter
from pathlib import Path

from persllm.errors import PersonaError

MAX_BYTES = 64 * 1024 * 1024
"""Largest file that is read. A larger one holds many works; split it."""
SAMPLE = 256 * 1024
"""Bytes from which an unknown encoding is guessed."""
ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "koi8_r", "iso8859_2", "iso8859_15"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman"),
]
DECLARED = re.compile(
    rb"<\?xml[^>]{0,80}?encoding\s*=\s*[\"']([\w.:-]{2,40})|<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*"
    rb"([\w.:-]{2,40})",
    re.IGNORECASE,
)
DECLARED_WITHIN = 4096
AS_READ = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
    "iso-8859-8-i": "iso8859-8",
}
"""What browsers take old names for, and names that Python does not know."""
ESCAPING = frozenset(("iso2022_jp", "hz"))
"""Encodings that write all letters in ASCII."""
WESTERN = frozenset(
    "\u00e9\u00e8\u00ea\u00eb\u00e0\u00e2\u00e4\u00e1\u00e3\u00e5\u00e6\u00e7\u00ed\u00ec\u00ee\u00ef"
    "\u00f1\u00f3\u00f2\u00f4\u00f6\u00f5\u00f8\u00fa\u00f9\u00fb\u00fc\u00df\u00c9\u00c8\u00c0\u00c4\u00c5"
    "\u00c7\u00d6\u00d8\u00dc\u2019\u2018\u201c\u201d\u2013\u2014\u2026\u00a3\u00a7\u00b0\u00ab\u00bb\u0153"
)
"""What Western texts hold beside ASCII; read in a wrong encoding they hold other letters."""
BINARY_SHARE = 0.01
"""Share of control characters above which bytes are no text."""
CONTROLS = "control characters"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u00ad]")
"""Zero-width and direction marks: they hide text from readers. Joiners (200c, 200d) spell words."""
TEMPLATE_MARK = re.compile(
    r"<\|[\w -]{1,40}\|>|<\uff5c[^<>\n]{1,40}\uff5c>|</?(?:start|end)_of_turn>|\[/?INST\]|"
    r"<</?SYS>>|</?s>(?=\s|$|[A-Z\[<])|<(?:bos|eos|pad|unk)>"
)
"""Control tokens of chat templates: text that holds them could forge a turn."""
ORDER = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,30}\b(?:previous|prior|above|earlier|all)\b.{0,30}"
    r"\b(?:instructions?|prompts?|rules|messages)\b|\b(?:system prompt|you are now|jailbreak)\b",
    re.IGNORECASE,
)
"""Words that speak to a model rather than to a reader; kept as data, told in the report."""


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """Return a regular file's bytes; never waits on a pipe, never reads a device.

    Raises:
        PersonaError: It is no regular file, is too large, or cannot be read.
    """
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise PersonaError(f"{path} cannot be read: {error.strerror}.") from error
    with os.fdopen(number, "rb") as stream:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise PersonaError(f"{path} is a folder, pipe or device, not a file of text.")
        if status.st_size > limit:
            raise PersonaError(
                f"{path} holds {status.st_size:,} bytes; at most {limit:,} are read. "
                "Split the file."
            )
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise PersonaError(f"{path} grows while it is read; at most {limit:,} bytes are read.")
    return data


def decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the text and what the reader should know about how it was read.

    Raises:
        PersonaError: The bytes are no text, or in no encoding that is known.
    """
    encoding = _marked(data) or declared(data) or _unmarked(data, name)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise PersonaError(
            f"{name}: begins like {encoding}, but byte {error.start} is none. "
            "Save the file as UTF-8."
        ) from error
    notes = () if encoding in ("utf-8", "utf-8-sig") else (f"read as {encoding}, not UTF-8",)
    clean, more = cleaned(text, name)
    return clean, notes + more


def cleaned(text: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Take out control, invisible and template characters; return the text and the notes.

    Raises:
        PersonaError: So much of it is control characters that it is no text.
    """
    text, removed = scrubbed(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n\n"))
    controls = removed[CONTROLS]
    if controls > max(8, BINARY_SHARE * len(text)):
        raise PersonaError(
            f"{name}: {controls:,} control characters among {len(text):,}: this is no text."
        )
    notes = [f"{count} {what} taken out" for what, count in removed.items()]
    orders = len(ORDER.findall(text))
    if orders:
        notes.append(f"{orders} passages speak to a model; kept as text, never followed")
    return text, tuple(notes)


def scrubbed(text: str) -> tuple[str, Counter[str]]:
    """Take out control, invisible and template characters; return the text and what they were."""
    removed: Counter[str] = Counter()
    for pattern, what in ((CONTROL, CONTROLS), (INVISIBLE, "invisible or direction marks")):
        text, removed[what] = pattern.subn("", text)
    while found := TEMPLATE_MARK.findall(text):  # what is left around a mark may be one again
        removed["control tokens of chat templates"] += len(found)
        text = TEMPLATE_MARK.sub(" ", text)
    return text, +removed


def declared(data: bytes) -> str:
    """Return the encoding that a page or an XML part names, where its bytes are of it.

    Bytes that are UTF-8 are UTF-8, whatever is said of them; only encodings in ASCII are not told.
    """
    found = DECLARED.search(data[:DECLARED_WITHIN])
    if found is None:
        return ""
    name = next(filter(None, found.groups())).decode("ascii").lower()
    try:
        encoding = codecs.lookup(AS_READ.get(name, name)).name
        data.decode(encoding)
    except (LookupError, UnicodeError):
        return ""
    return encoding if encoding in ESCAPING or not _is_utf8(data) else ""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _marked(data: bytes) -> str:
    """Return the encoding that a byte order mark names."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return encoding
    return ""


def _unmarked(data: bytes, name: str) -> str:
    zeros = Counter(index % 2 for index, byte in enumerate(data[:2000]) if not byte)
    pairs = min(len(data), 2000) // 2
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if pairs > 2 and zeros[place] > 0.6 * pairs and zeros[1 - place] < 0.05 * pairs:
            return encoding
    if b"\0" in data:
        raise PersonaError(f"{name}: holds NUL bytes, so it is no text.")
    return "utf-8" if _is_utf8(data) else _guessed(data, name)


def _guessed(data: bytes, name: str) -> str:
    from charset_normalizer import from_bytes

    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in data[:SAMPLE])
    western = data[:SAMPLE].decode("cp1252", "replace")
    beside = [char for char in western if ord(char) > 127]
    if len(beside) < 0.25 * len(western) and sum(c in WESTERN for c in beside) >= 0.9 * len(beside):
        return "cp1252"
    best = None
    if controls <= BINARY_SHARE * len(data[:SAMPLE]):
        best = from_bytes(data[:SAMPLE], cp_isolation=ENCODINGS).best()
    if best is None:
        raise PersonaError(
            f"{name}: no text in UTF-8, UTF-16 or an older encoding that could be told. "
            "If it is text, save it as UTF-8."
        )
    return best.encoding
