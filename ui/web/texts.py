"""What the page says: texts of one language, read from `texts/<language>.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import yaml

from persllm.errors import ServeError

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language."""

    language: str
    by_name: Mapping[str, str]

    def __call__(self, text: str, /, **filled: object) -> str:
        """Return a text, filled in.

        Raises:
            KeyError: There is no such text, or something was not filled in.
        """
        return self.by_name[text].format(**filled)

    def html(self, text: str, /, **filled: object) -> str:
        """Return a text, filled in, fit to stand in HTML."""
        return escape(self(text, **filled))


def languages() -> tuple[str, ...]:
    """Return the languages that the page speaks."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def read_texts(language: str = "en") -> Texts:
    """Return the texts of a language.

    Raises:
        ServeError: The page does not speak it.
    """
    if language not in languages():
        raise ServeError(
            f"the page does not speak {language!r}. Choose one of: {', '.join(languages())}."
        )
    text = (FOLDER / f"{language}.yaml").read_text(encoding="utf-8")
    return Texts(language, yaml.safe_load(text))
