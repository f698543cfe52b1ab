"""What differs from base to base: how much is recalled, how it is told, how long replies are.

Nothing else in the code is special to a base. Profiles are files (`base_profiles/*.yaml`), found by
a base's own `config.json`: its family and how many weights it has, never by its name. Every value
can be set by the user.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from persllm.bases import Base
from persllm.errors import BaseModelError
from persllm.files import digest

FOLDER = Path(__file__).parent / "base_profiles"
Analysis = Literal["none", "short", "free", "forms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseProfile:
    """How one kind of base is asked; `persllm.messages.prompt_hash` tells what shapes prompts."""

    name: str
    annotated: bool = False
    """Prompts also name what nothing recalled holds and years to come, and recalled texts are told
    from the sentence that answers: clues for a base that cannot compare."""
    keep_notes: bool = True
    """What was recalled for a turn stays before that turn; else only the last turn has notes."""
    analysis: Analysis = "free"
    """Thought before a reply: none, one short sentence, free prose, or fixed forms."""
    passages: int = 6
    """Most passages of a life that are recalled for a turn."""
    objective_words: int = 600
    """Most words of facts among them (METHOD 2.4: 1,500 for a model of several billion weights)."""
    subjective_words: int = 200
    """Most words of speech and writing among them (METHOD 2.4: 500)."""
    history_tokens: int = 6000
    """A longer prompt loses its oldest exchanges."""
    passage_words: int = 0
    """Most words of one passage: the sentence that answers with those beside it. 0: all of it."""
    heard_words: int = 0
    """Most words of what others said that stand before a turn of a play: the point that the speaker
    can answer best. 0: all of it."""
    play_passages: int = 0
    """Most passages that are recalled for a turn of a play. 0: as many as in a talk."""
    draws: int = 2
    """So often at most a turn of a play is drawn that has faults."""
    told_share: float = 0.0
    """Part of the words of what came up best that a turn of a play tells, or it is drawn again; for
    a base that else wanders off."""
    temperature: float = 0.7
    top_p: float = 0.9
    repetition_penalty: float = 1.0
    """Of what the persona said before; small bases go in circles without."""
    max_tokens: int = 300
    """Of a reply, with its analysis."""
    threads: int = 0
    """CPU threads of the local engine; 0: as many as there are cores."""
    preset: str = "large"
    """Training settings that start from (persllm.training.settings)."""

    def changed(self, changes: Mapping[str, Any]) -> "BaseProfile":
        """Return the profile with the changes that are not None.

        Raises:
            BaseModelError: There is no such value.
        """
        known = {field.name for field in fields(self)}
        if unknown := set(changes) - known:
            raise BaseModelError(
                f"a base profile has no {', '.join(sorted(unknown))}; it has {sorted(known)}"
            )
        return replace(self, **{key: value for key, value in changes.items() if value is not None})

    def digest(self) -> str:
        """Return a hash of all values, kept beside what was made with them."""
        return digest(*(f"{key}={value}" for key, value in asdict(self).items()))[:16]


@dataclass(frozen=True, slots=True)
class _Rule:
    families: tuple[str, ...]
    most_weights: float
    profile: BaseProfile


def find_profile(base: Base) -> BaseProfile:
    """Return the profile of a base: the first whose family and size fit its `config.json`.

    A hub base that is not on this machine yet has the profile of a large one.
    """
    config = base.config()
    family, weights = config.get("model_type", ""), weights_of(config)
    return next(
        rule.profile
        for rule in _rules()
        if (not rule.families or family in rule.families) and weights <= rule.most_weights
    )


def named_profile(name: str) -> BaseProfile:
    """Return a profile by the name of its file.

    Raises:
        BaseModelError: There is none of that name.
    """
    found = {rule.profile.name: rule.profile for rule in _rules()}
    if name not in found:
        raise BaseModelError(f"there is no base profile {name!r}. Name one of {sorted(found)}.")
    return found[name]


def weights_of(config: Mapping[str, Any]) -> float:
    """Return about how many weights a model of that `config.json` has; infinite if it is empty."""
    inner = config.get("text_config") or config
    width, layers = inner.get("hidden_size"), inner.get("num_hidden_layers")
    if not width or not layers:
        return float("inf")
    heads = inner.get("num_attention_heads") or 1
    head = inner.get("head_dim") or width // heads
    keys = (inner.get("num_key_value_heads") or heads) * head
    attention = 2 * width * (heads * head) + 2 * width * keys
    mlp = 3 * width * (inner.get("intermediate_size") or 4 * width)
    embeddings = width * (inner.get("vocab_size") or 0)
    tied = 1 if inner.get("tie_word_embeddings", config.get("tie_word_embeddings", False)) else 2
    return float(layers * (attention + mlp) + tied * embeddings)


@cache
def _rules() -> tuple[_Rule, ...]:
    found = [rule for path in FOLDER.glob("*.yaml") for rule in _read(path)]
    return tuple(sorted(found, key=lambda rule: (rule.most_weights, not rule.families)))


def _read(path: Path) -> Iterator[_Rule]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    when = data.pop("when")
    yield _Rule(
        tuple(when.get("families", ())),
        float(when.get("most_weights", "inf")),
        BaseProfile(name=path.stem).changed(data),
    )
