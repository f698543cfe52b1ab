"""Many questions to many personas at once: one batch of the engine instead of one call each."""

from collections.abc import Generator, Sequence

from langchain_core.messages import HumanMessage

from persllm.agents.chat_persona import ChatPersona, Prepared
from persllm.agents.loops import unlooped
from persllm.agents.reply_chunks import replayed, streamed
from persllm.agents.reply_guards import ended_at_sentence
from persllm.agents.reply_reading import asked_again, read_reply, whole_reply
from persllm.engine import Engine, Piece, Reply
from persllm.progress import StepProgress

BATCH = 64


def answers(
    asked: Sequence[tuple[ChatPersona, str]],
    *,
    progress: StepProgress = lambda done, total: None,
) -> list[str]:
    """Return what each persona answers to its question, in order; nothing is remembered.

    All personas must share one engine. Greedy answers are those of `ChatPersona.invoke`, up to the
    rounding of a padded batch.

    Raises:
        PersLLMError: A prompt, adapter or base does not fit.
    """
    ready = [persona.prepare([HumanMessage(text)]) for persona, text in asked]
    return answered(ready, asked[0][0].engine, progress=progress) if asked else []


def answered(
    ready: Sequence[Prepared],
    engine: Engine,
    *,
    progress: StepProgress = lambda done, total: None,
) -> list[str]:
    """Return the responses to prepared turns, in order, asked in batches of like length.

    Raises:
        EngineError: The model failed.
    """
    found = [each.truth for each in ready]
    open_rows = [row for row, each in enumerate(ready) if each.request]
    open_rows.sort(key=lambda row: _length(ready[row]))
    for start in range(0, len(open_rows), BATCH):
        rows = open_rows[start : start + BATCH]
        replies = engine.generate([each for row in rows if (each := ready[row].request)])
        for row, reply in zip(rows, replies, strict=True):
            found[row] = _response(ready[row], reply, engine)
        progress(start + len(rows), len(open_rows))
    return found


def _length(ready: Prepared) -> int:
    return sum(len(message.content) for message in ready.request.messages) if ready.request else 0


def _response(ready: Prepared, reply: Reply, engine: Engine) -> str:
    """Return what is shown of a reply, as a listener of `ChatPersona` gets it."""
    request = ready.request
    assert request is not None

    def draw(number: int) -> Generator[Piece]:
        again = streamed(engine, asked_again(request, number))
        return unlooped(again if number else replayed(reply))

    reading = read_reply(
        draw, ready.limits, engine=engine, prompt=request.messages, language=ready.language
    )
    if ready.whole:
        reading = ended_at_sentence(reading, ready.limits.max_tokens)
    return whole_reply(reading).response
