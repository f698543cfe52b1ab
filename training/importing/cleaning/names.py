"""A person's name in running text: spellings folded, relatives told apart."""

import re
import unicodedata

NO_GIVEN_NAME = frozenset(
    "Mr Sir Count Professor The But And That When If As In For It To So Of From Thus Yet Here Did "
    "Was Is Does Had What Why How Even While Although Like With By On Both Young Old".split()
)
"""Words before a last name that do not make it another person's."""
OTHERS_TITLES = ("Dr", "Mrs", "Miss", "Lady", "Madame", "Frau")
TITLES = frozenset("mr dr sir count prof professor lord the from ma phd frs".split())


def folded(word: str) -> str:
    """Return a word in small letters, without accents, with y as i."""
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("y", "i")


def names_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, folded: Tolstoy, Tolstoi and Tolstoï are one."""
    return tuple(folded(word) for word in re.findall(r"[^\W\d_]+", name) if len(word) > 1)


def mentions(text: str, names: tuple[str, ...]) -> int:
    """Count how often a text says the last name; relatives and signatures in capitals aside."""
    if not names:
        return 0
    words = re.findall(r"[\w.]*\w|[^\w\s]", text)
    return sum(
        folded(word) == names[-1] and not word.isupper() and not _is_relative(before, names)
        for before, word in zip(["", *words], words, strict=False)
        if word[:1].isupper()
    )


def is_person(name: str, names: tuple[str, ...]) -> bool:
    """Tell whether a writer's name is the person's: in full, in part, or by initials."""
    words = [folded(word) for word in re.findall(r"[^\W\d_]+", name)]
    initials = {own[0] for own in names}
    return not names or all(
        word in names or word in TITLES or (len(word) == 1 and word in initials) for word in words
    )


def _is_relative(before: str, names: tuple[str, ...]) -> bool:
    """Tell whether the word before a last name makes it somebody else's: "Erasmus Darwin"."""
    if before in OTHERS_TITLES:
        return True
    initials = [part for part in before.split(".") if part]
    if len(before) <= 4 and initials and all(len(part) == 1 for part in initials):
        return initials[0].lower() != names[0][0]
    return bool(re.match(r"[A-Z][a-z]+$", before)) and not (
        folded(before) in names or before in NO_GIVEN_NAME
    )
