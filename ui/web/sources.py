"""What an answer rests on, beside the talk: the passages, with the words that match marked."""

import re
from html import escape

from persllm.common_words import PLAIN
from persllm.ui.web.conversation import Answer, Source
from persllm.ui.web.texts import Texts

LEAST_LETTERS = 4
WORD = re.compile(r"\w+")


def sources_page(answer: Answer | None, texts: Texts) -> str:
    """Return the passages of an answer, and its analysis folded."""
    if answer is None:
        body = f'<p class="quiet">{texts.html("sources_first")}</p>'
    elif not answer.sources:
        body = f'<p class="quiet">{texts.html("sources_none")}</p>'
    else:
        body = "".join(_passage(source, answer.text, texts) for source in answer.sources)
    if answer and answer.analysis:
        body += (
            f'<details class="analysis"><summary>{texts.html("analysis")}</summary>'
            f"<p>{escape(answer.analysis)}</p></details>"
        )
    return f'<section class="sources"><h2>{texts.html("sources")}</h2>{body}</section>'


def marked(text: str, answer: str) -> str:
    """Return HTML of a text in which the words that an answer shares with it are marked."""
    shared = {_stem(word) for word in WORD.findall(answer) if _tells(word)}
    parts, at = [], 0
    for match in WORD.finditer(text):
        word = match.group()
        is_shared = _tells(word) and _stem(word) in shared
        parts.append(escape(text[at : match.start()]))
        parts.append(f"<mark>{escape(word)}</mark>" if is_shared else escape(word))
        at = match.end()
    return "".join([*parts, escape(text[at:])])


def _passage(source: Source, answer: str, texts: Texts) -> str:
    file, _, line = source.origin.rpartition(":")
    told = texts("source_of", file=file, line=line) if file and line.isdigit() else source.origin
    return (
        f"<blockquote><p>{marked(source.text, answer)}</p><footer>{escape(told)}</footer>"
        "</blockquote>"
    )


def _tells(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and word.lower() not in PLAIN


def _stem(word: str) -> str:
    """Return a word without the ending that plurals and tenses change."""
    return word.lower()[: max(LEAST_LETTERS, len(word) - 2)]
