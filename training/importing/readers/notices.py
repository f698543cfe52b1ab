"""What chat apps write themselves in the place of a message."""

import re
from functools import cache

from persllm.tables import table


def no_words(text: str) -> bool:
    """Tell whether a message is a notice or stands for a picture."""
    return _pattern().fullmatch(text.strip()) is not None


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in table(f"{__package__}.notices")), re.I)
