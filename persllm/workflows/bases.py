"""Which bases are at hand, and making them ready."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from persllm import small_base
from persllm.base_profile import find_profile, weights_of
from persllm.bases import NANO, SMALL, find_base
from persllm.errors import BaseModelError

ABOUT = {
    SMALL: "SmolLM2-135M-Instruct with conversation skills; the default",
    NANO: "five million weights, in the package: for tests and the fastest try",
}


def bundled_bases() -> list[dict[str, Any]]:
    """Return the bases that need no model hub: name, whether ready, what they are, and where."""
    ready = small_base.is_ready()
    return [
        {
            "name": SMALL,
            "ready": ready,
            "about": ABOUT[SMALL],
            "where": str(small_base.small_folder()) if ready else "persllm base get small",
        },
        {"name": NANO, "ready": True, "about": ABOUT[NANO], "where": find_base(NANO).location},
    ]


def get_base(name: str, source: Path | None) -> str:
    """Make a base ready; return what can be said of it in one line.

    Raises:
        BaseModelError: It cannot be had.
    """
    if name == SMALL:
        return f"small is ready: {small_base.ready_folder(source=str(source) if source else None)}"
    if source is not None:
        raise BaseModelError(f"--from is for the base small, got {name!r}. Leave it out.")
    base = find_base(name)
    if base.revision is None:
        return f"{base.name} is ready: {base.location}"
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return f"{base.name} is ready: {snapshot_download(base.location, revision=base.revision)}"
    except (OSError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise BaseModelError(
            f"base {base.name} cannot be downloaded: {str(error).strip().splitlines()[0]} "
            "Check the name and the network, or name a local folder."
        ) from error


def remove_base(name: str) -> str:
    """Remove a base that was made ready; return what was done.

    Raises:
        BaseModelError: It is none that persllm made ready.
    """
    if name != SMALL:
        raise BaseModelError(
            f"only the base small is kept by persllm, got {name!r}. Those of a hub are removed "
            "with `hf cache delete`, folders by hand."
        )
    return "small is removed" if small_base.remove() else "small was not there"


def described(name: str) -> dict[str, Any]:
    """Return all that is known of a base: identity, place, size, licence and profile."""
    base = find_base(name)
    weights = weights_of(base.config())
    return {
        "name": base.name,
        "key": base.key,
        "where": base.location,
        "weights": None if weights == float("inf") else round(weights),
        "about": ABOUT.get(base.name, ""),
        "profile": asdict(find_profile(base)),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return bases as lines of text."""
    return "\n".join(
        f"{row['name']:6} {'ready' if row['ready'] else 'not yet':8} {row['about']}\n"
        f"{'':15} {row['where']}"
        for row in rows
    )


def details(row: dict[str, Any]) -> str:
    """Return one base as lines of text."""
    plain = [f"{key:8} {value}" for key, value in row.items() if key != "profile" and value]
    profile = [f"  {key:16} {value}" for key, value in row["profile"].items()]
    return "\n".join([*plain, "profile", *profile])


def write_out(found: Any, shown: Callable[[Any], str], *, as_json: bool) -> None:  # noqa: ANN401
    """Print what was found, for people or for programs."""
    print(json.dumps(found, ensure_ascii=False, indent=2) if as_json else shown(found))
