"""What every engine promises. An engine's own test file subclasses this and makes one."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from persllm.engine import Engine, Reply, Request, whole
from persllm.errors import EngineError
from persllm.messages import Message

WAIT = 60.0
"""Seconds after which a thread that has no reply counts as stuck."""


class EngineContract(ABC):
    """Replies of any text, at least five tokens long, are enough."""

    adapter: Path | None = None
    others: tuple[Path | None, ...] = ()
    """Further adapters that may stand in one batch with `adapter`."""
    samples = True
    """Whether temperature and seed have any effect."""
    tells_logprobs = False

    @abstractmethod
    def make(self) -> Engine:
        """Return an engine; the same one every time is fine."""

    @pytest.fixture
    def engine(self) -> Engine:
        return self.make()

    def request(self, text: str = "Who are you?") -> Request:
        messages = (Message("system", "You are a clerk in Graz."), Message("user", text))
        return Request(messages=messages, adapter=self.adapter, max_tokens=16)

    def reply(self, engine: Engine, request: Request) -> Reply:
        reply = whole(engine.stream(request))
        assert reply.new_tokens >= 5, f"too short to test anything with: {reply}"
        return reply

    def test_streamed_pieces_joined_are_the_generated_reply(self, engine: Engine) -> None:
        request = self.request()
        assert engine.generate([request]) == [whole(engine.stream(request))]

    def test_a_reply_comes_in_more_than_one_piece(self, engine: Engine) -> None:
        pieces = [piece.text for piece in engine.stream(self.request()) if piece.text]
        assert len(pieces) > 1

    def test_only_the_last_piece_says_why_it_ended(self, engine: Engine) -> None:
        *before, last = engine.stream(self.request())
        assert last.finish in {"stop", "length"}
        assert {piece.finish for piece in before} == {""}

    def test_the_last_piece_counts_prompt_and_reply(self, engine: Engine) -> None:
        request = self.request()
        *_, last = engine.stream(request)
        assert last.prompt_tokens == engine.count_tokens(request.messages)
        assert 0 < last.new_tokens <= request.max_tokens

    def test_a_longer_conversation_counts_more_tokens(self, engine: Engine) -> None:
        short, long = self.request("Hello"), self.request("Hello and good evening to you")
        assert engine.count_tokens(short.messages) < engine.count_tokens(long.messages)

    def test_no_more_tokens_are_written_than_asked_for(self, engine: Engine) -> None:
        full = self.reply(engine, self.request())
        cut = whole(engine.stream(replace(self.request(), max_tokens=full.new_tokens - 1)))
        assert (cut.finish, cut.new_tokens) == ("length", full.new_tokens - 1)

    def test_a_limited_reply_is_the_beginning_of_the_whole_one(self, engine: Engine) -> None:
        full = self.reply(engine, self.request())
        cut = whole(engine.stream(replace(self.request(), max_tokens=full.new_tokens - 1)))
        assert full.text.startswith(cut.text.rstrip("\ufffd"))

    @pytest.mark.parametrize("length", [1, 3, 9])
    def test_a_reply_ends_before_a_stop_string(self, engine: Engine, length: int) -> None:
        text = self.reply(engine, self.request()).text
        middle = len(text) // 2
        stop = text[middle : middle + length]
        stopped = whole(engine.stream(replace(self.request(), stop=(stop,))))
        assert stopped.text == text[: text.index(stop)]
        assert stopped.finish == "stop"

    def test_a_stop_string_across_pieces_is_not_shown(self, engine: Engine) -> None:
        first, second = [p.text for p in engine.stream(self.request()) if p.text][:2]
        stop = first[-1] + second[0]
        pieces = [p.text for p in engine.stream(replace(self.request(), stop=(stop,)))]
        assert stop not in "".join(pieces)
        assert "".join(pieces) == (first + second).partition(stop)[0]

    def test_the_earliest_of_several_stop_strings_counts(self, engine: Engine) -> None:
        text = self.reply(engine, self.request()).text
        early, late = text[len(text) // 3 :][:4], text[len(text) // 3 + 4 :][:4]
        stopped = whole(engine.stream(replace(self.request(), stop=(late, early))))
        assert stopped.text == text[: min(text.index(early), text.index(late))]

    def test_a_batch_stops_where_a_stream_does(self, engine: Engine) -> None:
        text = self.reply(engine, self.request()).text
        request = replace(self.request(), stop=(text[len(text) // 2 :][:3],))
        streamed = whole(engine.stream(request))
        replies = engine.generate([request, request])
        assert [(r.text, r.finish) for r in replies] == [(streamed.text, "stop")] * 2

    def test_a_batch_keeps_the_order(self, engine: Engine) -> None:
        requests = [self.request(text) for text in ("One?", "And two, if I may ask?", "Three")]
        assert engine.generate(requests) == [whole(engine.stream(each)) for each in requests]

    def test_an_empty_batch_has_no_replies(self, engine: Engine) -> None:
        assert engine.generate([]) == []

    def test_a_prompt_too_long_is_refused_with_the_numbers(self, engine: Engine) -> None:
        request = self.request("word " * engine.context)
        with pytest.raises(EngineError) as caught:
            whole(engine.stream(request))
        numbers = (engine.count_tokens(request.messages), request.max_tokens, engine.context)
        assert all(str(number) in str(caught.value) for number in numbers)

    def test_a_batch_with_a_prompt_too_long_is_refused(self, engine: Engine) -> None:
        with pytest.raises(EngineError):
            engine.generate([self.request(), self.request("word " * engine.context)])

    def test_a_prompt_that_leaves_no_room_for_the_reply_is_refused(self, engine: Engine) -> None:
        request = replace(self.request(), max_tokens=engine.context)
        with pytest.raises(EngineError):
            whole(engine.stream(request))

    def test_greedy_replies_repeat(self, engine: Engine) -> None:
        assert whole(engine.stream(self.request())) == whole(engine.stream(self.request()))

    def test_the_next_request_works_after_one_was_left_early(self, engine: Engine) -> None:
        expected = whole(engine.stream(self.request()))
        left = engine.stream(self.request("Something else?"))
        next(left)
        del left
        assert whole(engine.stream(self.request())) == expected

    def test_the_next_request_works_after_a_refused_one(self, engine: Engine) -> None:
        with pytest.raises(EngineError):
            whole(engine.stream(self.request("word " * engine.context)))
        assert whole(engine.stream(self.request())).finish

    def test_two_threads_asking_at_once_both_get_whole_replies(self, engine: Engine) -> None:
        requests = [self.request("The first?"), self.request("And the second, please?")]
        expected = [whole(engine.stream(request)) for request in requests]
        assert _at_once(engine, requests) == expected

    def test_many_streams_at_once_write_what_each_writes_alone(self, engine: Engine) -> None:
        texts = ("One?", "And two, if I may ask?", "Three", "Four, then?", "Who is the fifth?")
        requests = [self.request(text) for text in texts]
        expected = [whole(engine.stream(request)) for request in requests]
        assert _at_once(engine, requests) == expected

    def test_a_refused_request_among_others_hurts_none_of_them(self, engine: Engine) -> None:
        good = self.request("And the second, please?")
        bad = self.request("word " * engine.context)
        first, refused, last = _at_once(engine, [good, bad, good])
        assert isinstance(refused, EngineError)
        assert first == last == whole(engine.stream(good))

    def test_a_reply_can_be_had_while_another_one_is_half_read(self, engine: Engine) -> None:
        request, other = self.request(), self.request("Something else?")
        expected = [whole(engine.stream(each)) for each in (request, other)]
        half = engine.stream(request)
        first = next(half)
        between = whole(engine.stream(other))
        rest = whole(half)
        assert (first.text + rest.text, between) == (expected[0].text, expected[1])

    def test_a_closed_stream_can_be_closed_again(self, engine: Engine) -> None:
        for pieces in (engine.stream(self.request()), engine.stream(self.request())):
            next(pieces)
            pieces.close()  # type: ignore[attr-defined]
            pieces.close()  # type: ignore[attr-defined]

    def test_a_seed_repeats_streamed_and_in_a_batch(self, engine: Engine) -> None:
        requests = [
            replace(self.request(), temperature=heat, top_p=share, seed=seed)
            for heat, share, seed in ((1.0, 1.0, 7), (0.0, 1.0, None), (0.8, 0.9, 8))
        ]
        assert engine.generate(requests) == [whole(engine.stream(each)) for each in requests]

    def test_seeds_make_a_difference(self, engine: Engine) -> None:
        if not self.samples:
            return
        hot = replace(self.request(), temperature=2.0)  # the most that servers take
        replies = engine.generate([replace(hot, seed=seed) for seed in range(4)])
        assert len({reply.text for reply in replies}) > 1

    def test_requests_of_one_batch_keep_their_own_limits(self, engine: Engine) -> None:
        requests = [replace(self.request(), max_tokens=limit) for limit in (2, 5, 3)]
        assert [reply.new_tokens for reply in engine.generate(requests)] == [2, 5, 3]

    def test_adapters_of_one_batch_write_what_each_writes_alone(self, engine: Engine) -> None:
        adapters = (self.adapter, *self.others, self.adapter)
        requests = [replace(self.request(), adapter=adapter) for adapter in adapters]
        assert engine.generate(requests) == [whole(engine.stream(each)) for each in requests]

    def test_log_probabilities_are_told_of_every_token_if_asked(self, engine: Engine) -> None:
        if not self.tells_logprobs:
            return
        reply = whole(engine.stream(replace(self.request(), logprobs=True)))
        assert len(reply.logprobs) == reply.new_tokens
        assert all(token.log_probability <= 0 for token in reply.logprobs)
        assert whole(engine.stream(self.request())).logprobs == ()
        assert replace(reply, logprobs=()) == whole(engine.stream(self.request()))


def _at_once(engine: Engine, requests: Sequence[Request]) -> list[Reply | Exception | None]:
    """Return each request's reply or error, all asked at once from threads of their own."""
    got: list[Reply | Exception | None] = [None] * len(requests)

    def ask(index: int) -> None:
        try:
            got[index] = whole(engine.stream(requests[index]))
        except EngineError as error:
            got[index] = error

    threads = [threading.Thread(target=ask, args=(i,), daemon=True) for i in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    return got
