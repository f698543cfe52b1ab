"""Many questions to many personas at once: one batch of the engine instead of one call each."""

from collections.abc import Callable, Sequence

from langchain_core.messages import HumanMessage

from persllm.agents.chat_persona import ChatPersona, Prepared
from persllm.agents.loops import unlooped
from persllm.agents.reply_chunks import replayed
from persllm.agents.reply_guards import ended_at_sentence
from persllm.engine import Engine, Reply, Request, whole
from persllm.messages import parse_reply

BATCH = 64

Progress = Callable[[int, int], None]
"""Told (answers so far, answers in all)."""


def answers(
    asked: Sequence[tuple[ChatPersona, str]],
    *,
    progress: Progress = lambda done, total: None,
) -> list[str]:
    """Return what each persona answers to its question, in order; nothing is remembered.

    All personas must share one engine. Greedy answers are those of `ChatPersona.invoke`, up to the
    rounding of a padded batch; an answer that is the question again is not drawn again.

    Raises:
        PersLLMError: A prompt, adapter or base does not fit.
    """
    ready = [persona.prepare([HumanMessage(text)]) for persona, text in asked]
    return answered(ready, asked[0][0].engine, progress=progress) if asked else []


def answered(
    ready: Sequence[Prepared],
    engine: Engine,
    *,
    progress: Progress = lambda done, total: None,
) -> list[str]:
    """Return the responses to prepared turns, in order, asked in batches of like length.

    Raises:
        EngineError: The model failed.
    """
    found = [each.truth for each in ready]
    open_rows = [(row, each.request) for row, each in enumerate(ready) if each.request]
    open_rows.sort(key=lambda pair: sum(len(message.content) for message in pair[1].messages))
    for start in range(0, len(open_rows), BATCH):
        rows = open_rows[start : start + BATCH]
        replies = engine.generate([request for _, request in rows])
        for (row, request), reply in zip(rows, replies, strict=True):
            found[row] = _response(ready[row], request, reply)
        progress(start + len(rows), len(open_rows))
    return found


def _response(ready: Prepared, request: Request, reply: Reply) -> str:
    pieces = unlooped(replayed(reply))
    pieces = ended_at_sentence(pieces, request.max_tokens) if ready.whole else pieces
    return parse_reply(whole(pieces).text).response
