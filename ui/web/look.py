"""How the page looks and what it may reach: theme, style sheet and answer headers."""

import re
from pathlib import Path
from typing import Any

from persllm.ui.web.texts import Texts

STYLE = Path(__file__).parent / "look.css"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; media-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
"""Nothing is fetched from elsewhere. Gradio itself needs inline scripts and eval."""
PREVIEW = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>')
INK, PAPER, DARK, DARK_INK = "#1C1B19", "#FAF7F2", "#14161A", "#E9E4DA"
PRIMARY, PRIMARY_DARK = "#1F5F5B", "#8CCFC8"
CARD, CARD_DARK = "#FFFFFF", "#1D2026"
LINE, LINE_DARK = "#DDD6CA", "#343941"
QUIET, QUIET_DARK = "#5E584E", "#AFA99D"


def theme(gradio: Any) -> Any:  # noqa: ANN401 (gradio is optional, so its types are too)
    """Return the theme. Of Gradio's fonts only the weights that are whole are used."""
    fonts = [
        gradio.themes.LocalFont("IBM Plex Sans", weights=(400, 700)),
        "system-ui",
        "sans-serif",
    ]
    base = gradio.themes.Base(font=fonts, font_mono=["ui-monospace", "monospace"])
    return base.set(
        body_background_fill=PAPER,
        body_background_fill_dark=DARK,
        body_text_color=INK,
        body_text_color_dark=DARK_INK,
        body_text_color_subdued=QUIET,
        body_text_color_subdued_dark=QUIET_DARK,
        background_fill_primary=CARD,
        background_fill_primary_dark=CARD_DARK,
        background_fill_secondary=PAPER,
        background_fill_secondary_dark=DARK,
        block_background_fill=CARD,
        block_background_fill_dark=CARD_DARK,
        block_border_color=LINE,
        block_border_color_dark=LINE_DARK,
        block_label_text_color=QUIET,
        block_label_text_color_dark=QUIET_DARK,
        block_title_text_color=QUIET,
        block_title_text_color_dark=QUIET_DARK,
        border_color_primary=LINE,
        border_color_primary_dark=LINE_DARK,
        color_accent=PRIMARY,
        input_background_fill=CARD,
        input_background_fill_dark=CARD_DARK,
        input_border_color=LINE,
        input_border_color_dark=LINE_DARK,
        input_placeholder_color=QUIET,
        input_placeholder_color_dark=QUIET_DARK,
        button_primary_background_fill=PRIMARY,
        button_primary_background_fill_dark=PRIMARY_DARK,
        button_primary_background_fill_hover="#174A47",
        button_primary_background_fill_hover_dark="#A6DDD7",
        button_primary_border_color=PRIMARY,
        button_primary_border_color_dark=PRIMARY_DARK,
        button_primary_border_color_hover=PRIMARY,
        button_primary_border_color_hover_dark=PRIMARY_DARK,
        button_primary_text_color="#FFFFFF",
        button_primary_text_color_dark=DARK,
        button_primary_text_color_hover="#FFFFFF",
        button_primary_text_color_hover_dark=DARK,
        button_secondary_background_fill=CARD,
        button_secondary_background_fill_dark=CARD_DARK,
        button_secondary_border_color=LINE,
        button_secondary_border_color_dark=LINE_DARK,
        button_secondary_text_color=INK,
        button_secondary_text_color_dark=DARK_INK,
        block_radius="14px",
        input_radius="10px",
        input_border_width="1px",
        button_border_width="1px",
        button_large_radius="12px",
        button_medium_text_weight="400",
        button_large_text_weight="700",
        block_title_text_weight="400",
        block_label_text_weight="400",
    )


class Guarded:
    """Middleware: every answer carries the content policy, and pages our preview, not Gradio's."""

    def __init__(self, app: Any, texts: Texts) -> None:  # noqa: ANN401 (an ASGI application)
        self._app = app
        self._preview = (
            f'<meta property="og:title" content="{texts.html("name")}">'
            f'<meta property="og:description" content="{texts.html("tagline")}">'
        ).encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (ASGI's)
        """Pass a request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Any] = []

        async def guarded(message: Any) -> None:  # noqa: ANN401 (ASGI's)
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_headers()]
                if _is_page(message["headers"]):
                    held.append(message)
                    return
            elif held:
                held.append(message)
                if not message.get("more_body"):
                    for each in self._with_preview(held):
                        await send(each)
                return
            await send(message)

        await self._app(scope, receive, guarded)

    def _with_preview(self, held: list[Any]) -> list[Any]:
        start = held[0]
        body = PREVIEW.sub(b"", b"".join(message.get("body", b"") for message in held[1:]))
        body = body.replace(b"<head>", b"<head>" + self._preview, 1)
        kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        start["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
        return [start, {"type": "http.response.body", "body": body}]


def _headers() -> list[tuple[bytes, bytes]]:
    return [
        (b"content-security-policy", POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    ]


def _is_page(headers: list[tuple[bytes, bytes]]) -> bool:
    found = {name.lower(): value for name, value in headers}
    is_html = found.get(b"content-type", b"").startswith(b"text/html")
    return is_html and b"content-encoding" not in found
