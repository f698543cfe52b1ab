"""What the talk screen shows of a conversation: rows of the chat, and pieces of HTML."""

from html import escape
from typing import Any
from urllib.parse import urlencode

from persllm.persona import Persona, Stage, year_text
from persllm.ui.web.conversation import Conversation, begun, read_rows
from persllm.ui.web.gallery import life
from persllm.ui.web.portraits import portrait
from persllm.ui.web.talk import Company, is_warm, train_command
from persllm.ui.web.texts import Texts

DOTS = "…"
LONGEST_TITLE = 60


def opened(people: Company, asked: dict[str, str], kept: object) -> Conversation:
    """Return the conversation that an address names: one that is kept, or a new one."""
    talks = [talk for talk in read_rows(kept) if _is_known(people, talk)]
    if wanted := asked.get("open"):
        for talk in talks:
            if talk.id == wanted:
                return talk
    name = asked.get("with", "")
    if name not in people.personas:
        return talks[0] if talks and not name else begun(*_first(people))
    stages = [stage.id for stage in people.personas[name].stages]
    stage = asked.get("stage", "")
    return begun(name, stage if stage in stages else stages[0])


def who(people: Company, talk: Conversation) -> tuple[Persona, Stage]:
    """Return who talks in a conversation."""
    persona = people.personas[talk.persona]
    return persona, persona.stage(talk.stage)


def chat_rows(talk: Conversation) -> list[dict[str, Any]]:
    """Return the chat's rows. All of it is escaped: text of people and models is only text."""
    rows: list[dict[str, Any]] = []
    for each in talk.exchanges:
        rows.append({"role": "user", "content": escape(each.said)})
        if each.answer:
            rows.append({"role": "assistant", "content": escape(each.answer.text)})
    if talk.writing is not None:
        rows = rows[:-1] if talk.is_answered else rows
        rows.append({"role": "assistant", "content": escape(talk.writing) or DOTS})
    return rows


def place_of(talk: Conversation, row: int) -> int:
    """Return which exchange a row of the chat belongs to."""
    seen = -1
    for place, each in enumerate(talk.exchanges):
        seen += 2 if each.answer else 1
        if row <= seen:
            return place
    return max(len(talk.exchanges) - 1, 0)


def persona_header(people: Company, talk: Conversation) -> str:
    """Return the portrait, name, years and line of who talks."""
    persona, _ = who(people, talk)
    colour = people.colours[persona.id]
    return (
        f'<div class="persona" style="--accent:{colour}">{portrait(persona.name, colour, size=72)}'
        f'<div><h1>{escape(persona.name)}</h1><p class="years">{life(persona)}</p>'
        f'<p class="line">{escape(persona.summary)}</p></div></div>'
    )


def life_line(people: Company, talk: Conversation) -> list[tuple[str, str]]:
    """Return (year, stage id) of each stage of who talks."""
    persona, _ = who(people, talk)
    return [(year_text(stage.last), stage.id) for stage in persona.stages]


def status(people: Company, talk: Conversation, texts: Texts) -> str:
    """Return the line below the composer: what happens, or how the last answer came about."""
    if talk.writing is not None:
        name = "thinking" if is_warm(people, talk.persona) else "gathering"
        return texts.html(name, name=talk.persona)
    if not talk.exchanges:
        return ""
    answer = talk.exchanges[-1].answer
    if answer is None:
        return texts.html("unanswered")
    if not answer.seconds:
        return texts.html("stopped")
    command = train_command(people, talk.persona)
    adapter = texts("adapter_on") if answer.adapter else texts("adapter_off", command=command)
    return texts.html("took", seconds=f"{answer.seconds:.1f}", base=people.base, adapter=adapter)


def which_answer(talk: Conversation, texts: Texts) -> str:
    """Return "answer 2 of 3", or nothing where there is but one."""
    if not talk.exchanges or len(talk.exchanges[-1].answers) < 2:
        return ""
    last = talk.exchanges[-1]
    return texts.html("which", shown=last.shown + 1, count=len(last.answers))


def conversation_list(people: Company, kept: object, talk: Conversation, texts: Texts) -> str:
    """Return the conversations that the browser keeps, each at an address of its own."""
    talks = [each for each in read_rows(kept) if _is_known(people, each)]
    rows = "".join(_kept(people, each, talk, texts) for each in talks)
    shown = f"<ul>{rows}</ul>" if rows else f'<p class="quiet">{texts.html("none_kept")}</p>'
    new = escape("talk?" + urlencode({"with": talk.persona, "stage": talk.stage}))
    return (
        f'<nav class="kept" aria-label="{texts.html("conversations")}">'
        f'<a class="new" href="{new}">{texts.html("new_conversation")}</a>'
        f"<h2>{texts.html('conversations')}</h2>{shown}</nav>"
    )


def _kept(people: Company, each: Conversation, talk: Conversation, texts: Texts) -> str:
    persona, stage = who(people, each)
    current = ' aria-current="true"' if each.id == talk.id else ""
    title = each.exchanges[0].said if each.exchanges else ""
    short = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
    address = escape("talk?" + urlencode({"open": each.id}))
    return (
        f'<li style="--accent:{people.colours[persona.id]}"><a href="{address}"{current}>'
        f"<strong>{escape(persona.name)}, {year_text(stage.last)}</strong>"
        f"<span>{escape(short)}</span></a></li>"
    )


def _is_known(people: Company, talk: Conversation) -> bool:
    persona = people.personas.get(talk.persona)
    return persona is not None and talk.stage in {stage.id for stage in persona.stages}


def _first(people: Company) -> tuple[str, str]:
    name = people.names[0]
    return name, people.personas[name].stages[0].id
