"""Speaker-labelled texts to turns: "NAME: text", plays ("NAME. Text"), screenplays, subtitles."""

import re
from collections import Counter
from collections.abc import Iterator

from persllm.training.importing.document import Document, Turn

NAME = r"[A-Z\u00c0-\u00de][\w.'\u2019\u00c0-\u024f-]*(?:[ \t]+[\w.'\u2019\u00c0-\u024f&-]+){0,4}"
LABEL = re.compile(
    rf"^[ \t]*(?:\*\*|__)?(?P<speaker>{NAME})(?:\*\*|__)?[ \t]*(?:\([^()\n]{{1,60}}\)|"
    r"\[[^\[\]\n]{1,60}\])?[ \t]*(?:\*\*|__)?:(?:\*\*|__)?[ \t]+(?P<text>\S.*)$"
)
PLAY = re.compile(
    r"^[ \t]*_?(?P<speaker>[A-Z][A-Z' \u00c0-\u00de-]{1,30}[A-Z\u00c0-\u00de])_?\.[ \t_]+"
    r"(?P<text>\S.*)$"
)
CUE = re.compile(
    r"^[ \t]*(?P<speaker>[A-Z\u00c0-\u00de][A-Z0-9.'\u2019 \u00c0-\u00de-]{1,35})"
    r"(?:[ \t]*\([^()\n]{1,30}\))*[ \t]*$"
)
SCENE = re.compile(
    r"^[ \t]*(?:INT\.|EXT\.|INT/EXT|I/E\.|SCENE\b|ACT\b|Scene \w+|Act \w+|FADE |CUT TO|#|"
    r"\*[ \t]*\*)",
)
DIRECTION = re.compile(r"\[[^\[\]\n]{0,300}\]|\((?!\d{4}\))[a-z][^()\n]{0,200}\)")
CUE_TIME = re.compile(
    r"^\s*(?:\d{1,2}:)?\d{1,2}:\d{2}[,.]\d{3}\s*-->\s*(?:\d{1,2}:)?\d{1,2}:\d{2}[,.]\d{3}"
)
TRANSITIONS = frozenset(
    "THE END|FADE IN|FADE OUT|CUT TO|CONTINUED|INTERVAL|CURTAIN|END|CHAPTER|PREFACE|CONTENTS|"
    "INDEX|INTRODUCTION|NOTES|APPENDIX|FOOTNOTES".split("|")
)
MIN_TURNS = 4
MIN_SHARE = 0.4
"""Of the paragraphs, so many must open with a label; else it is prose with a colon in it."""


def script_form(text: str) -> str:
    """Return "labels", "play", "screenplay" or "" for prose."""
    head = text[:400_000]
    blocks = [block for block in re.split(r"\n[ \t]*\n|\n(?=\S)", head) if block.strip()]
    for form, pattern in (("labels", LABEL), ("play", PLAY)):
        found = [m["speaker"] for block in blocks if (m := pattern.match(block.split("\n")[0]))]
        counted = Counter(found)
        again = sum(n for n in counted.values() if n > 1)
        if again >= MIN_TURNS and len(counted) > 1 and again >= MIN_SHARE * len(blocks):
            return form
    lines = head.split("\n")
    cues = [m["speaker"].strip() for i, _ in enumerate(lines) if (m := _cue(lines, i))]
    counted = Counter(cues)
    again = sum(n for n in counted.values() if n > 1)
    filled = sum(bool(line.strip()) for line in lines)
    return "screenplay" if again >= MIN_TURNS and len(counted) > 1 and again * 8 > filled else ""


def read_script(text: str, form: str, *, notes: tuple[str, ...] = ()) -> Document:
    """Return the turns of a script of that form; directions are left out and counted."""
    found = list(_screenplay(text) if form == "screenplay" else _labelled(text, form))
    spoken, directions = [], 0
    for turn in found:
        plain, count = DIRECTION.subn(" ", turn.text)
        directions += count
        if plain.strip(" .*_"):
            spoken.append(
                Turn(
                    speaker=turn.speaker,
                    text=" ".join(plain.replace("_", " ").split()),
                    where=turn.where,
                    scene=turn.scene,
                )
            )
    if directions:
        notes += (f"{directions} directions left out",)
    return Document(form="script", turns=tuple(spoken), notes=notes)


def looks_like_subtitles(text: str) -> bool:
    """Tell whether the text holds timed cues (SRT, WebVTT)."""
    return len(re.findall(r"-->", text[:5_000])) >= 2 and any(
        CUE_TIME.match(line) for line in text[:5_000].split("\n")
    )


def subtitle_text(text: str) -> str:
    """Return the words of subtitles, one line a cue, without numbers, times and tags."""
    kept: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.split("\n")
        timed = [i for i, line in enumerate(lines) if CUE_TIME.match(line)]
        if timed:
            said = re.sub(r"<[^<>\n]{1,60}>", "", " ".join(lines[timed[0] + 1 :]))
            kept += [part.strip() for part in re.split(r"(?:^|\s)-\s(?=[A-Z])", said)]
    return "\n".join(line for line in kept if line)


def _labelled(text: str, form: str) -> Iterator[Turn]:
    pattern = LABEL if form == "labels" else PLAY
    speaker, said, where, scene = "", list[str](), "", 0
    blank = False
    for number, line in enumerate([*text.split("\n"), "#"], start=1):
        match = pattern.match(line)
        ends = bool(match or SCENE.match(line))
        indented = line.startswith((" ", "\t"))
        stray = bool(line.strip()) and blank and not ends and not indented and form == "labels"
        if (ends or stray) and speaker:
            yield Turn(speaker=speaker, text=" ".join(said), where=where, scene=str(scene))
            speaker = ""
        if match:
            speaker, said, where = _name(match["speaker"]), [match["text"]], f"line {number}"
        elif SCENE.match(line):
            scene += 1
        elif speaker and line.strip():
            said.append(line.strip())
        blank = not line.strip()


def _screenplay(text: str) -> Iterator[Turn]:
    lines = text.split("\n")
    scene, i = 0, 0
    while i < len(lines):
        cue = _cue(lines, i)
        scene += bool(SCENE.match(lines[i]))
        i += 1
        if cue:
            start, said = i, list[str]()
            while i < len(lines) and lines[i].strip():
                said.append(lines[i].strip())
                i += 1
            yield Turn(
                speaker=_name(cue["speaker"]),
                text=" ".join(said),
                where=f"line {start}",
                scene=str(scene),
            )


def _cue(lines: list[str], index: int) -> re.Match[str] | None:
    """Return the match where a line is a name in capitals with words right below it."""
    match = CUE.match(lines[index])
    if not match or SCENE.match(lines[index]) or match["speaker"].strip() in TRANSITIONS:
        return None
    below = lines[index + 1] if index + 1 < len(lines) else ""
    above = lines[index - 1] if index else ""
    return match if below.strip() and not above.strip() and not CUE.match(below) else None


def _name(speaker: str) -> str:
    return " ".join(speaker.split()).rstrip(".")
