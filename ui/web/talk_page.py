"""The talk screen: wiring only; what it shows is in `screen`, what it does in `conversation`."""

from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any, cast

import gradio

from persllm.errors import PersLLMError
from persllm.persona import year_text
from persllm.ui.web import screen
from persllm.ui.web.conversation import (
    Conversation,
    as_markdown,
    asked,
    asked_again,
    at_stage,
    edited,
    kept_with,
    stopped,
    thought_of,
    turned,
    undone,
)
from persllm.ui.web.greeting import OFFERED, suggestions, welcome
from persllm.ui.web.sources import sources_page
from persllm.ui.web.talk import MOST_SAID, Company, reply_to
from persllm.ui.web.texts import Texts

KEPT_UNDER = "persllm.conversations"
KEPT_SECRET = "persllm-in-this-browser"
"""Gradio enciphers what it keeps. With a key drawn at each start, no restart could read it; it is
no secret, and nothing on this server depends on it."""
REPLIES_AT_ONCE = 16
"""The engine answers so many in one batch without any of them waiting long."""
SAVE = """(text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], {type: "text/markdown"}));
    link.download = "conversation.md";
    link.click();
}"""
"""Saves the document in the browser: no file of anybody's talk is made on the server."""
OPINIONS = ("Like", "Not in character", "Wrong", "Not an answer")


class TalkPage:
    """The talk screen of one page, within `gradio.Blocks`."""

    def __init__(self, people: Company, texts: Texts) -> None:
        self._people, self._texts = people, texts
        self._talk = gradio.State(screen.opened(people, {}, []))
        self._order = gradio.State(None)
        self._kept = gradio.BrowserState([], storage_key=KEPT_UNDER, secret=KEPT_SECRET)
        with gradio.Row(elem_classes="talk"):
            with gradio.Column(elem_classes="side", min_width=0):
                self._list = gradio.HTML()
            with gradio.Column(elem_classes="middle", min_width=0):
                self._middle()
            with gradio.Column(elem_classes="side", min_width=0):
                self._sources = gradio.HTML()
        self._wire()

    def _middle(self) -> None:
        say = self._texts
        self._header = gradio.HTML()
        self._stage = gradio.Radio([], label=say("life_line"), elem_classes="lifeline")
        with gradio.Column(elem_classes="start") as self._start:
            self._welcome = gradio.HTML()
            self._questions = [
                gradio.Button(visible=False, elem_classes="question") for _ in range(OFFERED)
            ]
        self._chat = gradio.Chatbot(
            label=say("conversation"),
            show_label=False,
            elem_classes="chat",
            height="auto",
            render_markdown=False,
            latex_delimiters=[],
            allow_tags=False,
            group_consecutive_messages=False,
            buttons=["copy"],
            editable="user",
            feedback_options=OPINIONS,
            visible=False,
        )
        with gradio.Row(elem_classes="variants"):
            self._before = gradio.Button(say("before"), visible=False, min_width=0)
            self._which = gradio.HTML()
            self._after = gradio.Button(say("after"), visible=False, min_width=0)
            self._another = gradio.Button(say("another"), visible=False, min_width=0)
            self._export = gradio.Button(say("export"), visible=False, min_width=0)
        self._document = gradio.Textbox(visible=False)
        with gradio.Row(elem_classes="composer"):
            self._said = gradio.Textbox(
                label=say("you"),
                show_label=False,
                container=False,
                autofocus=True,
                max_lines=6,
                max_length=MOST_SAID,
                scale=1,
            )
            self._send = gradio.Button(say("send"), variant="primary", min_width=0, scale=0)
            self._stop = gradio.Button(say("stop"), visible=False, min_width=0, scale=0)
        self._status = gradio.HTML(elem_classes="status")

    def _wire(self) -> None:
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
        talk, kept, said = self._talk, self._kept, self._said
        everything = [talk, kept, *self._of_persona(), *self._of_talk()]
        shown = [talk, kept, *self._of_talk()]
        ordered = [self._order, *shown]
        asking = [
            said.submit(self._say, [said, talk, kept], [said, *ordered], api_name="say", **quick),
            self._send.click(
                self._say, [said, talk, kept], [said, *ordered], api_name="send", **quick
            ),
            *(
                each.click(self._ask, [each, talk, kept], ordered, api_name=f"ask_{n}", **quick)
                for n, each in enumerate(self._questions)
            ),
        ]
        again = gradio.on(
            [self._another.click, self._chat.retry],
            self._again,
            [talk, kept],
            ordered,
            api_name="another_answer",
            **quick,
        )
        editing = [self._order, *everything]
        edit = self._chat.edit(self._edit, [talk, kept], editing, api_name="edit", **quick)
        replying = [
            event.success(
                self._reply,
                [self._order, kept],
                shown,
                concurrency_limit=REPLIES_AT_ONCE,
                concurrency_id="replies",
                show_progress="hidden",
                api_name=f"reply_{number}",
            )
            for number, event in enumerate([*asking, again, edit])
        ]
        ending: dict[str, Any] = {**quick, "cancels": replying}
        self._stop.click(self._end, [talk, kept], everything, api_name="stop", **ending)
        self._stage.input(
            self._change_stage, [self._stage, talk, kept], everything, api_name="stage", **ending
        )
        self._chat.undo(self._undo, [talk, kept], [said, *everything], api_name="undo", **ending)
        for button, move, name in (
            (self._before, self._earlier, "earlier"),
            (self._after, self._later, "later"),
        ):
            button.click(move, [talk, kept], shown, api_name=name, **quick)
        self._chat.like(self._like, [talk, kept], [talk, kept], api_name="opinion", **quick)
        self._export.click(
            self._markdown, [talk], [self._document], api_name="export", **quick
        ).then(None, [self._document], None, js=SAVE)

    def load(self, page: Any) -> None:  # noqa: ANN401 (gradio's Blocks)
        """Open the conversation that the address names whenever the page is opened."""
        outputs = [self._talk, *self._of_persona(), *self._of_talk()]
        page.load(self._open, [self._kept], outputs, api_name="open", show_progress="hidden")

    def _of_persona(self) -> list[Any]:
        return [self._header, self._stage, self._said, self._welcome, *self._questions]

    def _of_talk(self) -> list[Any]:
        return [
            self._chat,
            self._list,
            self._sources,
            self._status,
            self._which,
            *(self._before, self._after, self._another, self._export, self._send, self._stop),
            self._start,
        ]

    def _show_persona(self, talk: Conversation) -> list[Any]:
        people, say = self._people, self._texts
        persona, stage = screen.who(people, talk)
        empty = not talk.exchanges
        offered = suggestions(persona, stage, talk) if empty else ()
        buttons = [
            gradio.Button(value=text, visible=bool(text))
            for text in (*offered, *[""] * (OFFERED - len(offered)))
        ]
        greeting = welcome(persona, stage, talk, say) if empty else ""
        return [
            screen.persona_header(people, talk),
            gradio.Radio(screen.life_line(people, talk), value=talk.stage),
            gradio.Textbox(placeholder=say("placeholder", name=persona.name)),
            greeting,
            *buttons,
        ]

    def _show_talk(self, talk: Conversation, kept: object) -> list[Any]:
        people, say = self._people, self._texts
        last = talk.exchanges[-1] if talk.exchanges else None
        writing = talk.writing is not None
        many = last is not None and len(last.answers) > 1 and not writing
        again = say("another") if talk.is_answered else say("ask_again")
        return [
            gradio.Chatbot(value=cast("Any", screen.chat_rows(talk)), visible=bool(talk.exchanges)),
            screen.conversation_list(people, kept, talk, say),
            sources_page(last.answer if last and not writing else None, say),
            screen.status(people, talk, say),
            screen.which_answer(talk, say) if many else "",
            gradio.Button(visible=many),
            gradio.Button(visible=many),
            gradio.Button(value=again, visible=last is not None and not writing),
            gradio.Button(visible=talk.is_answered and not writing),
            gradio.Button(visible=not writing),
            gradio.Button(visible=writing),
            gradio.Column(visible=not talk.exchanges),
        ]

    def _open(self, kept: object, request: gradio.Request) -> list[Any]:
        talk = screen.opened(self._people, dict(request.query_params), kept)
        return [talk, *self._show_persona(talk), *self._show_talk(talk, kept)]

    def _say(self, said: str, talk: Conversation, kept: object) -> list[Any]:
        """Return it as asked; what is refused stays in the box."""
        result = self._ask(said, talk, kept)
        return [gradio.skip() if result[0] is None else "", *result]

    def _ask(self, said: str, talk: Conversation, kept: object) -> list[Any]:
        """Return what is to be answered, or None, and the talk with the message shown."""
        if talk.writing is not None:
            return self._refused("still_speaking", name=talk.persona)
        if len(said) > MOST_SAID:
            return self._refused("too_long", length=len(said), most=MOST_SAID)
        if not said.strip():
            return [None, *[gradio.skip()] * (2 + len(self._of_talk()))]
        now = asked(talk, said)
        return [now, *self._keep(now, kept)]

    def _reply(self, order: Conversation | None, kept: object) -> Iterator[list[Any]]:
        quiet = [gradio.skip()] * (len(self._of_talk()) - 1)
        if order is None:
            yield [gradio.skip()] * (len(quiet) + 3)
            return
        now = order
        try:
            for now in reply_to(self._people, order):
                if now.writing:
                    yield [now, gradio.skip(), screen.chat_rows(now), *quiet]
        except PersLLMError as error:
            gradio.Warning(self._texts.html("not_answered", error=error))
            now = replace(order, writing=None)
        yield self._keep(now, kept)

    def _again(self, talk: Conversation, kept: object) -> list[Any]:
        if talk.writing is not None:
            return self._refused("still_speaking", name=talk.persona)
        if not talk.exchanges:
            return self._ask("", talk, kept)
        now = asked_again(talk)
        return [now, *self._keep(now, kept)]

    def _edit(self, talk: Conversation, kept: object, data: gradio.EditData) -> list[Any]:
        if talk.writing is not None:
            return [None, *[gradio.skip()] * (2 + len(self._of_persona()) + len(self._of_talk()))]
        row = data.index[0] if isinstance(data.index, list | tuple) else data.index
        said = unescape(str(data.value))[:MOST_SAID]
        branch = edited(talk, screen.place_of(talk, row), said)
        return [branch, *self._all(branch, kept_with(kept, branch))]

    def _end(self, talk: Conversation, kept: object) -> list[Any]:
        ended = stopped(talk)
        return self._all(ended, kept_with(kept, ended))

    def _change_stage(self, stage: str, talk: Conversation, kept: object) -> list[Any]:
        before = stopped(talk)
        return self._all(at_stage(before, stage), kept_with(kept, before))

    def _undo(self, talk: Conversation, kept: object) -> list[Any]:
        before, said = undone(talk)
        return [said, *self._all(before, kept_with(kept, before))]

    def _earlier(self, talk: Conversation, kept: object) -> list[Any]:
        return self._keep(turned(talk, -1), kept)

    def _later(self, talk: Conversation, kept: object) -> list[Any]:
        return self._keep(turned(talk, 1), kept)

    def _like(self, talk: Conversation, kept: object, data: gradio.LikeData) -> list[Any]:
        row = data.index[0] if isinstance(data.index, list | tuple) else data.index
        opinion = "" if data.liked is None else str(data.liked)
        judged = thought_of(talk, screen.place_of(talk, row), opinion)
        return [judged, kept_with(kept, judged)]

    def _markdown(self, talk: Conversation) -> str:
        persona, stage = screen.who(self._people, talk)
        year, say = year_text(stage.last), self._texts
        return as_markdown(
            talk,
            heading=say("export_heading", name=persona.name, year=year),
            you=say("export_you"),
            name=persona.name,
            note=say("export_made", base=self._people.base, name=persona.name),
        )

    def _keep(self, talk: Conversation, kept: object) -> list[Any]:
        """Return it as it is shown and kept."""
        rows = kept_with(kept, talk)
        return [talk, rows, *self._show_talk(talk, rows)]

    def _all(self, talk: Conversation, kept: object) -> list[Any]:
        return [talk, kept, *self._show_persona(talk), *self._show_talk(talk, kept)]

    def _refused(self, reason: str, /, **filled: object) -> list[Any]:
        """Return no order, and the reason in the line below the composer."""
        view: list[Any] = [gradio.skip()] * len(self._of_talk())
        view[self._of_talk().index(self._status)] = self._texts.html(reason, **filled)
        return [None, gradio.skip(), gradio.skip(), *view]
