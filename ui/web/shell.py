"""What every screen has around it: the header, and what runs."""

from html import escape

from persllm.ui.web.texts import Texts

SCREENS = {"people": "./", "talk": "talk", "debate": "debate", "compare": "compare"}
"""Addresses are relative, so that the page also works behind a proxy's path."""
CHOICES = (
    "persllm ui --base small",
    "persllm ui --base nano",
    "persllm ui --base Qwen/Qwen3-0.6B",
)


def header(texts: Texts, screen: str, base: str) -> str:
    """Return the header: name, screens with the open one marked, and what runs."""
    links = "".join(
        f'<a href="{address}"{" aria-current=page" if name == screen else ""}>'
        f"{texts.html(name)}</a>"
        for name, address in SCREENS.items()
    )
    return (
        f'<header class="shell"><a class="brand" href="./">{texts.html("name")}</a>'
        f'<nav aria-label="{texts.html("name")}">{links}</nav>{_runs(texts, base)}</header>'
    )


def _runs(texts: Texts, base: str) -> str:
    choices = "".join(f"<code>{escape(choice)}</code>" for choice in CHOICES)
    return (
        f'<details class="runs"><summary>{texts.html("runs", base=base)}</summary>'
        f"<div><p>{texts.html('runs_how')}</p>{choices}</div></details>"
    )
