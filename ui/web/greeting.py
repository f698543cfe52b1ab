"""What a visitor sees before the first word: who is met when, a line of theirs, what to ask."""

from functools import lru_cache
from html import escape

from persllm.materials import Material, read_materials
from persllm.persona import Persona, Stage, year_text
from persllm.sentences import sentences
from persllm.ui.web.conversation import Conversation
from persllm.ui.web.texts import Texts

OFFERED = 4
QUESTION_MARKS = ("?", "\N{FULLWIDTH QUESTION MARK}")
LONGEST_QUESTION = 90
"""Characters; a longer one would not stand uncut on its button."""


def questions_for(persona: Persona, stage: Stage) -> tuple[str, ...]:
    """Return four questions that the stage's own texts answer; else those of the card.

    Where stages were asked the same, a later one offers those that no earlier one does.
    """
    taken: set[str] = set()
    for earlier in persona.stages[: persona.stages.index(stage)]:
        taken.update(_offered(persona, earlier, taken))
    return _offered(persona, stage, taken)


def line_for(persona: Persona, stage: Stage) -> str:
    """Return the first sentences of what the persona said or wrote at the stage."""
    spoken = [each for each in _of_stage(persona, stage.id) if each.kind == "subjective"]
    return " ".join(sentences(spoken[0].text)[:2]) if spoken else ""


def welcome(persona: Persona, stage: Stage, talk: Conversation, texts: Texts) -> str:
    """Return the greeting of a talk in which nothing was said yet."""
    line = line_for(persona, stage)
    quote = (
        f"<blockquote>{escape(line)}<footer>{texts.html('in_their_words')}</footer></blockquote>"
        if line
        else ""
    )
    kept = ""
    if talk.branched_from:
        before = persona.stage(talk.branched_from.partition("|")[0])
        kept = f"<p class='kept'>{texts.html('kept_branch', year=year_text(before.last))}</p>"
    met = texts.html("you_meet", name=persona.name, year=year_text(stage.last))
    ask = f'<p class="quiet">{texts.html("ask_first")}</p>'
    return f'<div class="welcome"><h2>{met}</h2>{quote}{kept}{ask}</div>'


def suggestions(persona: Persona, stage: Stage, talk: Conversation) -> tuple[str, ...]:
    """Return what might be asked; in a branch first what was asked before it."""
    said = talk.branched_from.partition("|")[2]
    offered = questions_for(persona, stage)
    return tuple([*([said] if said else []), *(q for q in offered if q != said)][:OFFERED])


@lru_cache(maxsize=64)
def _of_stage(persona: Persona, stage: str) -> tuple[Material, ...]:
    return tuple(each for each in read_materials(persona) if each.stage == stage)


def _offered(persona: Persona, stage: Stage, taken: set[str]) -> tuple[str, ...]:
    # The first exchange greets, and its answer stands above the questions.
    asked = [each.partner for each in _of_stage(persona, stage.id) if each.partner][1:]
    fitting = [text for text in asked if text.endswith(QUESTION_MARKS) and _is_short(text)]
    in_order = dict.fromkeys([*fitting, *persona.questions])
    fresh = [text for text in in_order if text not in taken]
    return tuple([*fresh, *(text for text in in_order if text in taken)][:OFFERED])


def _is_short(text: str) -> bool:
    return len(text) <= LONGEST_QUESTION
