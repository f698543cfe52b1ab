"""The talk screen: wiring only; what it shows is in `screen`, what it does in `conversation`."""

from collections.abc import Callable, Iterator
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
    caught_up,
    edited,
    kept_with,
    stopped,
    thought_of,
    turned,
    undone,
)
from persllm.ui.web.greeting import OFFERED, suggestions, welcome
from persllm.ui.web.keeping import KEEP, READ, SAVE, OpenTalk, to_keep
from persllm.ui.web.sources import sources_page
from persllm.ui.web.talk import MOST_SAID, Company, reply_to
from persllm.ui.web.texts import Texts

REPLIES_AT_ONCE = 16
"""The engine answers so many in one batch without any of them waiting long."""
Change = Callable[[Conversation], Conversation]
OPINIONS = ("Like", "Not in character", "Wrong", "Not an answer")


class TalkPage:
    """The talk screen of one page, within `gradio.Blocks`."""

    def __init__(self, people: Company, texts: Texts) -> None:
        self._people, self._texts = people, texts
        self._tab = gradio.State(OpenTalk(screen.opened(people, {}, [])))
        self._order = gradio.State(None)
        self._kept = gradio.JSON(visible=False)
        self._keeping = gradio.Textbox(visible="hidden")
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
        tab, said = [self._tab, self._kept], self._said
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "js": READ}
        everything = [*self._of_persona(), *self._of_talk()]
        ordered = [self._order, *self._of_talk()]
        asking = [
            said.submit(self._say, [said, *tab], [said, *ordered], api_name="say", **quick),
            self._send.click(self._say, [said, *tab], [said, *ordered], api_name="send", **quick),
            *(
                each.click(self._ask, [each, *tab], ordered, api_name=f"ask_{n}", **quick)
                for n, each in enumerate(self._questions)
            ),
        ]
        further = [self._another.click, self._chat.retry]
        again = gradio.on(further, self._again, tab, ordered, api_name="another_answer", **quick)
        editing = [self._order, *everything]
        edit = self._chat.edit(self._edit, tab, editing, api_name="edit", **quick)
        for number, event in enumerate([*asking, again, edit]):
            self._reply_after(event, f"reply_{number}")
        self._stop.click(self._end, tab, everything, api_name="stop", **quick)
        self._stage.input(
            self._change_stage, [self._stage, *tab], everything, api_name="stage", **quick
        )
        self._chat.undo(self._undo, tab, [said, *everything], api_name="undo", **quick)
        self._before.click(self._earlier, tab, self._of_talk(), api_name="earlier", **quick)
        self._after.click(self._later, tab, self._of_talk(), api_name="later", **quick)
        self._chat.like(self._like, tab, self._keeping, api_name="opinion", **quick)
        self._export.click(
            self._markdown, [self._tab], [self._document], api_name="export", queue=False
        ).then(None, [self._document], None, js=SAVE)
        self._keeping.change(None, [self._keeping], None, js=KEEP)

    def _reply_after(self, event: Any, name: str) -> None:  # noqa: ANN401 (gradio's event)
        event.success(
            self._reply,
            [self._order, self._tab, self._kept],
            self._of_talk(),
            js=READ,
            trigger_mode="multiple",  # one that was stopped may still wait for the engine
            concurrency_limit=REPLIES_AT_ONCE,
            concurrency_id="replies",
            show_progress="hidden",
            api_name=name,
        )

    def load(self, page: Any) -> None:  # noqa: ANN401 (gradio's Blocks)
        """Open the conversation that the address names whenever the page is opened."""
        outputs = [*self._of_persona(), *self._of_talk()]
        page.load(
            self._open,
            [self._tab, self._kept],
            outputs,
            js=READ,
            api_name="open",
            show_progress="hidden",
        )

    def _of_persona(self) -> list[Any]:
        return [self._header, self._stage, self._said, self._welcome, *self._questions]

    def _of_talk(self) -> list[Any]:
        return [
            self._chat,
            self._keeping,
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

    def _show_talk(self, talk: Conversation, kept: object, *left: Conversation) -> list[Any]:
        people, say = self._people, self._texts
        last = talk.exchanges[-1] if talk.exchanges else None
        writing = talk.writing is not None
        many = last is not None and len(last.answers) > 1 and not writing
        again = say("another") if talk.is_answered else say("ask_again")
        for each in (*left, talk):
            kept = kept_with(kept, each)
        return [
            gradio.Chatbot(value=cast("Any", screen.chat_rows(talk)), visible=bool(talk.exchanges)),
            to_keep(talk, *left),
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

    def _open(self, tab: OpenTalk, kept: object, request: gradio.Request) -> list[Any]:
        asked_for = dict(request.query_params)
        return self._all(tab.change(lambda _: screen.opened(self._people, asked_for, kept)), kept)

    def _say(self, said: str, tab: OpenTalk, kept: object) -> list[Any]:
        """Return it as asked; what is refused stays in the box."""
        result = self._ask(said, tab, kept)
        return [gradio.skip() if result[0] is None else "", *result]

    def _ask(self, said: str, tab: OpenTalk, kept: object) -> list[Any]:
        """Return what is to be answered, or None, and the talk with the message shown."""
        if len(said) > MOST_SAID:
            return self._refused("too_long", length=len(said), most=MOST_SAID)
        if not said.strip():
            return [None, *[gradio.skip()] * len(self._of_talk())]
        return self._ordered(tab, kept, lambda talk: asked(caught_up(talk, kept), said))

    def _again(self, tab: OpenTalk, kept: object) -> list[Any]:
        return self._ordered(tab, kept, asked_again)

    def _ordered(self, tab: OpenTalk, kept: object, asking: Change) -> list[Any]:
        """Return the talk as what is to be answered, unless somebody is speaking in it."""
        before = tab.talk
        if before.writing is not None or not tab.went_on(before, now := asking(before)):
            return self._refused("still_speaking", name=before.persona)
        return [now, *self._show_talk(now, kept)]

    def _reply(
        self, order: Conversation | None, tab: OpenTalk, kept: object
    ) -> Iterator[list[Any]]:
        """Yield the talk while it is answered; nothing more once something else happened in it."""
        quiet = [gradio.skip()] * (len(self._of_talk()) - 1)
        if order is None or order.writing is None:
            yield [gradio.skip(), *quiet]
            return
        now = order
        for following in self._answering(order):
            if not tab.went_on(now, following):
                return
            now = following
            if now.writing:
                yield [screen.chat_rows(now), *quiet]
        yield self._show_talk(now, kept)

    def _answering(self, order: Conversation) -> Iterator[Conversation]:
        try:
            yield from reply_to(self._people, order)
        except PersLLMError as error:
            gradio.Warning(self._texts.html("not_answered", error=error))
            yield replace(order, writing=None)

    def _edit(self, tab: OpenTalk, kept: object, data: gradio.EditData) -> list[Any]:
        before = tab.talk
        said = unescape(str(data.value))[:MOST_SAID]
        branch = edited(before, screen.place_of(before, _row_of(data)), said)
        if before.writing is not None or not tab.went_on(before, branch):
            return [None, *[gradio.skip()] * (len(self._of_persona()) + len(self._of_talk()))]
        return [branch, *self._all(branch, kept)]

    def _end(self, tab: OpenTalk, kept: object) -> list[Any]:
        return self._all(tab.change(stopped), kept)

    def _change_stage(self, stage: str, tab: OpenTalk, kept: object) -> list[Any]:
        before = tab.change(stopped)
        return self._all(tab.change(lambda talk: at_stage(talk, stage)), kept, before)

    def _undo(self, tab: OpenTalk, kept: object) -> list[Any]:
        said = tab.talk.exchanges[-1].said if tab.talk.exchanges else ""
        return [said, *self._all(tab.change(lambda talk: undone(talk)[0]), kept)]

    def _earlier(self, tab: OpenTalk, kept: object) -> list[Any]:
        return self._show_talk(tab.change(lambda talk: turned(talk, -1)), kept)

    def _later(self, tab: OpenTalk, kept: object) -> list[Any]:
        return self._show_talk(tab.change(lambda talk: turned(talk, 1)), kept)

    def _like(self, tab: OpenTalk, kept: object, data: gradio.LikeData) -> str:
        opinion = "" if data.liked is None else str(data.liked)
        place = screen.place_of(tab.talk, _row_of(data))
        return to_keep(tab.change(lambda talk: thought_of(talk, place, opinion)))

    def _markdown(self, tab: OpenTalk) -> str:
        talk = tab.talk
        persona, stage = screen.who(self._people, talk)
        year, say = year_text(stage.last), self._texts
        return as_markdown(
            talk,
            heading=say("export_heading", name=persona.name, year=year),
            you=say("export_you"),
            name=persona.name,
            note=say("export_made", base=self._people.base, name=persona.name),
        )

    def _all(self, talk: Conversation, kept: object, *left: Conversation) -> list[Any]:
        return [*self._show_persona(talk), *self._show_talk(talk, kept, *left)]

    def _refused(self, reason: str, /, **filled: object) -> list[Any]:
        """Return no order, and the reason in the line below the composer."""
        view: list[Any] = [gradio.skip()] * len(self._of_talk())
        view[self._of_talk().index(self._status)] = self._texts.html(reason, **filled)
        return [None, *view]


def _row_of(data: gradio.EditData | gradio.LikeData) -> int:
    """Return which row of a chat an event is of; Gradio tells it alone, or with a column."""
    row: int = data.index[0] if isinstance(data.index, list | tuple) else data.index
    return row
