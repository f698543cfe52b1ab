"""The Gradio application: its screens, each at an address of its own, and how it is served."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import Any

from persllm.agents.runtime import Runtime
from persllm.errors import PersLLMError, ServeError
from persllm.ui.web.gallery import gallery
from persllm.ui.web.look import STYLE, Guarded, theme
from persllm.ui.web.shell import header
from persllm.ui.web.talk import Company, company, warm
from persllm.ui.web.texts import Texts, read_texts
from persllm.workflows.ports import check_port, is_loopback, shown_host

MOST_WAITING = 128
"""Replies and debates that may wait; who comes later is told so at once."""


def serve(runtime: Runtime, *, host: str, port: int, more: list[str], language: str = "en") -> None:
    """Serve the page until stopped; it is ready when this says so.

    Raises:
        ServeError: Gradio is not installed, or the port is taken.
        PersLLMError: A persona or the base cannot be loaded.
    """
    check_port(host, port)
    people, texts = company(runtime, more), read_texts(language)
    print(f"starting {people.base} and the memories of {people.names[0]} …", flush=True)
    with ThreadPoolExecutor(1) as beside:
        warming = beside.submit(warm, people, people.names[0])
        page = build_app(people, texts)
        warming.result()
    launch(page, texts, host=host, port=port)
    if not is_loopback(host):
        print("warning: everyone who reaches this address may talk here", file=sys.stderr)
    print(f"persllm at http://{shown_host(host)}:{port} (stop with Ctrl-C)", flush=True)
    Thread(target=_warm_others, args=(people,), daemon=True).start()
    page.block_thread()


def launch(page: Any, texts: Texts, *, host: str, port: int) -> None:  # noqa: ANN401 (gradio is optional, so its type is too)
    """Start serving a page that was built, and return."""
    import gradio
    from starlette.middleware import Middleware

    page.queue(max_size=MOST_WAITING).launch(
        server_name=host,
        server_port=port,
        quiet=True,
        share=False,
        footer_links=[],
        prevent_thread_lock=True,
        _frontend=False,  # else it asks for a public link where a busy machine answers it late
        theme=theme(gradio),
        css_paths=STYLE,
        app_kwargs={"middleware": [Middleware(Guarded, texts=texts)]},
    )


def build_app(people: Company, texts: Texts) -> Any:  # noqa: ANN401 (gradio is optional, so its type is too)
    """Return the page with its screens.

    Raises:
        ServeError: Gradio is not installed.
    """
    try:
        import gradio
    except ImportError as error:
        raise ServeError("the page needs gradio: pip install 'persllm[ui]'.") from error
    from persllm.ui.web.compare_page import compare_page
    from persllm.ui.web.debate_page import debate_page
    from persllm.ui.web.talk_page import TalkPage

    with gradio.Blocks(title=texts("name"), analytics_enabled=False, fill_width=True) as page:
        _shell(people, texts, "people")
        gradio.HTML(gallery(list(people.personas.values()), people.colours, texts))
    with page.route(texts("talk"), "/talk") as screen:
        _shell(people, texts, "talk")
        TalkPage(people, texts).load(screen)
    with page.route(texts("debate"), "/debate"):
        _shell(people, texts, "debate")
        debate_page(people, texts)
    with page.route(texts("compare"), "/compare"):
        _shell(people, texts, "compare")
        compare_page(people, texts)
    return page


def _shell(people: Company, texts: Texts, screen: str) -> None:
    """Add our header in place of Gradio's bar, whose addresses do not survive a proxy's path."""
    import gradio
    from gradio.components import Navbar

    Navbar(visible=False)
    gradio.HTML(header(texts, screen, people.base))


def _warm_others(people: Company) -> None:
    """Remember the materials of the others too, so that nobody waits for them."""
    for name in people.names[1:]:
        with suppress(PersLLMError):  # whoever talks with that one is told
            people.runtime.store(people.personas[name])
