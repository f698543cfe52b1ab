"""The conversation that a tab has open, and how the browser keeps it.

The browser's store is shared by all tabs. What is kept is put into what stands there at that
moment, so that no tab forgets what another one kept.
"""

import json
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlencode

from persllm.ui.web.conversation import MOST_KEPT, Conversation, as_rows

KEPT_UNDER = "persllm.talks"
_IN_STORE = f"""
    const inStore = () => {{
        try {{
            const rows = JSON.parse(localStorage.getItem("{KEPT_UNDER}"));
            return Array.isArray(rows) ? rows.filter(row => Array.isArray(row?.exchanges)) : [];
        }} catch {{ return []; }}
    }};"""
READ = f"""(...given) => {{{_IN_STORE}
    const open = new URLSearchParams(location.search).get("open");
    const rows = inStore().map((row, place) => place === 0 || row.id === open
        ? row : {{...row, exchanges: row.exchanges.slice(0, 1)}});
    return [...given.slice(0, -1), rows];
}}"""
"""Puts what is kept in place of an event's last input; of talks that are not open, the beginning.
"""
KEEP = f"""(text) => {{{_IN_STORE}
    if (!text) return;
    const {{id, address, talks}} = JSON.parse(text);
    const gone = new Set([id, ...talks.map(talk => talk.id)]);
    const rows = [...talks, ...inStore().filter(row => !gone.has(row.id))];
    for (let most = {MOST_KEPT}; most > 0; most >>= 1) {{
        try {{
            localStorage.setItem("{KEPT_UNDER}", JSON.stringify(rows.slice(0, most)));
            break;
        }} catch {{ /* The store is full: the oldest are forgotten. */ }}
    }}
    const isOther = window.openTalk && window.openTalk !== id;
    if (address !== location.search)
        history[isOther ? "pushState" : "replaceState"](null, "", location.pathname + address);
    window.openTalk = id;
    window.onpopstate = () => location.reload();
}}"""
"""Keeps what `to_keep` says, and lets the address name it: a reload and the way back find it."""
SAVE = """(text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], {type: "text/markdown"}));
    link.download = "conversation.md";
    link.click();
}"""
"""Saves the document in the browser: no file of anybody's talk is made on the server."""
_CHANGING = Lock()


class OpenTalk:
    """The conversation that one tab has open. A reply that is wanted no longer changes nothing."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk

    def change(self, change: Callable[[Conversation], Conversation]) -> Conversation:
        """Put what a quick function makes of it in its place, and return that."""
        with _CHANGING:
            self.talk = change(self.talk)
            return self.talk

    def went_on(self, before: Conversation, now: Conversation) -> bool:
        """Put `now` in place of `before`, unless something else happened since; tell whether."""
        with _CHANGING:
            is_wanted = self.talk is before
            if is_wanted:
                self.talk = now
            return is_wanted


def to_keep(talk: Conversation, *left: Conversation) -> str:
    """Return what `KEEP` is told: the open conversation, and those that were just left."""
    asked = {"open": talk.id} if talk.exchanges else {"with": talk.persona, "stage": talk.stage}
    talks = as_rows([each for each in (talk, *left) if each.exchanges])
    return json.dumps({"id": talk.id, "address": f"?{urlencode(asked)}", "talks": talks})
