"""Chat exports of several makers."""

import json

import pytest

from persllm.errors import PersonaError
from persllm.training.importing.document import Turn
from persllm.training.importing.readers.chats import read_chat_json
from persllm.training.importing.readers.whatsapp import looks_like_whatsapp, read_whatsapp


def _said(turns: tuple[Turn, ...]) -> list[tuple[str, str, int | None]]:
    return [(turn.speaker, turn.text, turn.year) for turn in turns]


@pytest.mark.parametrize(
    "stamp",
    [
        "[12/31/19, 9:15:02 PM] ",
        "\u200e[31.12.19, 21:15:02] ",
        "12/31/19, 9:15 PM - ",
        "12/31/19, 9:15\u202fp.m. - ",
        "31.12.2019, 21:15 - ",
        "31/12/2019 21:15 - ",
        "2019-12-31, 21:15 - ",
    ],
)
def test_every_date_form_of_whatsapp_is_read(stamp: str) -> None:
    text = f"{stamp}Anna: Are you there?\nStill?\n{stamp}Marta Lind: I am: yes.\n"
    assert looks_like_whatsapp(text)
    assert _said(read_whatsapp(text).turns) == [
        ("Anna", "Are you there? Still?", 2019),
        ("Marta Lind", "I am: yes.", 2019),
    ]


def test_notices_and_pictures_are_dropped_and_counted() -> None:
    text = (
        "1/2/20, 9:15 AM - Messages are end-to-end encrypted.\n"
        "1/2/20, 9:16 AM - Anna: <Media omitted>\n"
        "1/2/20, 9:16 AM - Anna: \u200eimage omitted\n"
        "1/2/20, 9:17 AM - Anna: This message was deleted\n"
        "1/2/20, 9:18 AM - Anna: Words.\n"
    )
    document = read_whatsapp(text)
    assert _said(document.turns) == [("Anna", "Words.", 2020)]
    assert document.notes == ("4 notices and left-out pictures dropped",)


def test_prose_with_a_date_is_no_chat() -> None:
    assert not looks_like_whatsapp("On 12/31/19, I left.\nThen came 1/2/20, 9:15 and nothing.\n")


TELEGRAM = {
    "name": "Anna",
    "messages": [
        {"id": 1, "type": "service", "date": "2021-05-01T10:00:00", "actor": "Anna"},
        {"id": 2, "type": "message", "date": "2021-05-01T10:01:00", "from": "Anna", "text": "Hi"},
        {
            "id": 3,
            "type": "message",
            "date": "2021-05-01T10:02:00",
            "from": "Marta",
            "text": ["See ", {"type": "link", "text": "this"}, "."],
        },
        {"id": 4, "type": "message", "date": "2021-05-01T10:02:00", "from": "Marta", "text": ""},
    ],
}
DISCORD = {
    "channel": {"name": "general"},
    "messages": [
        {"timestamp": "2022-01-02T03:04:05", "content": "Hi", "author": {"name": "anna"}},
        {
            "timestamp": "2022-01-02T03:05:05",
            "content": "Yes.",
            "author": {"name": "m1", "nickname": "Marta"},
        },
    ],
}
CHATGPT = [
    {
        "title": "Talk",
        "current_node": "c",
        "mapping": {
            "a": {"message": None, "parent": None},
            "b": {
                "message": {
                    "author": {"role": "user"},
                    "content": {"parts": ["Hi"]},
                    "create_time": 1600000000.0,
                },
                "parent": "a",
            },
            "x": {
                "message": {
                    "author": {"role": "assistant"},
                    "content": {"parts": ["Other branch"]},
                },
                "parent": "b",
            },
            "c": {
                "message": {"author": {"role": "assistant"}, "content": {"parts": ["Yes."]}},
                "parent": "b",
            },
        },
    }
]


@pytest.mark.parametrize(
    ("export", "said"),
    [
        (TELEGRAM, [("Anna", "Hi", 2021), ("Marta", "See this.", 2021)]),
        ({"chats": {"list": [TELEGRAM]}}, [("Anna", "Hi", 2021), ("Marta", "See this.", 2021)]),
        (DISCORD, [("anna", "Hi", 2022), ("Marta", "Yes.", 2022)]),
        (CHATGPT, [("user", "Hi", 2020), ("assistant", "Yes.", None)]),
        (
            [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes."}],
            [("user", "Hi", None), ("assistant", "Yes.", None)],
        ),
        (
            [{"speaker": "Q", "text": "Hi"}, {"author": "Marta", "message": "Yes."}],
            [("Q", "Hi", None), ("Marta", "Yes.", None)],
        ),
    ],
)
def test_every_makers_json_is_read(export: object, said: list[tuple[str, str, int | None]]) -> None:
    assert _said(read_chat_json(json.dumps(export), "chat.json").turns) == said


def test_json_lines_of_messages_and_of_threads_are_read() -> None:
    lines = '{"from": "Anna", "text": "Hi"}\n{"from": "Marta", "text": "Yes."}\n'
    assert len(read_chat_json(lines, "a.jsonl").turns) == 2
    thread = {"messages": [{"role": "user", "content": "Hi"}, {"role": "x", "content": "Yes."}]}
    threads = read_chat_json(f"{json.dumps(thread)}\n{json.dumps(thread)}\n", "a.jsonl").turns
    assert len({turn.scene for turn in threads}) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{not json", "neither JSON"),
        ('{"a": 1}', "holds no messages"),
        ("[" * 100_000, "nested too deep"),
        ('{"n": ' + "9" * 10_000 + "}", "neither JSON"),
    ],
)
def test_what_is_no_chat_is_told(text: str, told: str) -> None:
    with pytest.raises(PersonaError, match=told):
        read_chat_json(text, "a.json")
