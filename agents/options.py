"""What is run, from where, and how personas reply, as one value."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persllm.bases import DEFAULT_BASE

MEMORY_FOLDER = "memory"
LOCAL, LOCAL_INT8, VLLM = "local", "local:int8", "vllm"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOptions:
    """What the flags of `persllm chat` say, for a `Runtime` or `open_persona`."""

    base: str = DEFAULT_BASE
    """As the user names it: a shipped base, a local folder or a hub id."""
    engine: str = LOCAL
    """"local", "local:int8", "vllm", or a server ("http://host:port/v1#model")."""
    runs: Path = Path("runs")
    """Where adapters and memory are."""
    memory: str | None = None
    """Chroma folder or server; a folder in `runs` by default."""
    embeddings: str | None = None
    """By what memories are found, as `persllm.embeddings.find_embeddings` reads it."""
    threads: int | None = None
    """CPU threads of a local engine; the engine's own choice by default."""
    use_adapter: bool | None = None
    """None: where there is one for the base."""
    use_memory: bool = True
    recall: int | None = None
    """Most passages set before a turn; None here and below is what the base's profile says."""
    max_tokens: int | None = None
    """Longest reply, with its analysis, in tokens."""
    temperature: float | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        for name in ("threads", "recall", "max_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if self.temperature is not None and self.temperature < 0:
            raise ValueError(f"temperature must not be below 0, got {self.temperature}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p}")

    @property
    def memory_at(self) -> str | Path:
        """Where memories are: a Chroma folder or server."""
        return self.memory or self.runs / MEMORY_FOLDER

    @property
    def of_replies(self) -> dict[str, Any]:
        """What of them shapes a reply, where it was given: fields of a `ChatPersona`."""
        given = {name: getattr(self, name) for name in ("max_tokens", "temperature", "top_p")}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def of_profile(self) -> dict[str, Any]:
        """What of them changes the base's profile; None leaves what it says."""
        return {"passages": self.recall}
