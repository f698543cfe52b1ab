"""What a visitor told is told with its month where a time is asked for, or told of."""

import pytest

from persllm.memory.dates import dated
from persllm.memory.store import Memory


def note(text: str, when: str = "2025-03-04T10:00:00.000+00:00") -> Memory:
    return Memory(id="1", text=text, kind="episode", stage=0, source="Ann", when=when)


@pytest.mark.parametrize(
    ("text", "asked", "told"),
    [
        ("The visitor sails.", "When did I sail?", "The visitor sails. (Told in March 2025.)"),
        ("The visitor sails.", "Which came first?", "The visitor sails. (Told in March 2025.)"),
        ("Rex died on Sunday.", "How is Rex?", "Rex died on Sunday. (Told in March 2025.)"),
        ("The visitor sails.", "Do I sail?", "The visitor sails."),
    ],
)
def test_the_month_is_told_where_it_matters(text: str, asked: str, told: str) -> None:
    assert dated(note(text), asked) == told


def test_what_has_no_date_is_told_as_it_is() -> None:
    assert dated(note("The visitor sails.", when=""), "When did I sail?") == "The visitor sails."
