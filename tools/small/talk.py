"""Hold the held-out visitor talks with a base and write them down, for reading by people.

    python -m tools.small.talk --base small --into <folder> [persona …]

One file a persona: what was said, the key of a good answer, what was recalled, and the reply.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.options import RuntimeOptions
from persllm.agents.runtime import Runtime
from persllm.persona import load_persona
from tools.conversations.reading import CAST, PEOPLE

TESTS = Path(__file__).parents[1] / "conversations" / "tests"


def held(chat: ChatPersona, turns: list[dict[str, str]], seed: int) -> Iterator[dict[str, Any]]:
    """Yield each turn of a conversation with the reply."""
    history: list[BaseMessage] = []
    for number, turn in enumerate(turns):
        history.append(HumanMessage(turn["said"]))
        reply = chat.invoke(history, seed=seed + number)
        history.append(AIMessage(reply.text))
        recalled = [row["text"] for row in reply.response_metadata["recalled"]]
        yield {**turn, "reply": reply.text, "recalled": recalled}


def main() -> None:
    """Read the command line and hold the talks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--base", default="small")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--no-adapter", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    runtime = Runtime(RuntimeOptions(base=options.base, runs=options.runs))
    for name in options.names or sorted(path.stem for path in TESTS.glob("*.yaml")):
        test = yaml.safe_load((TESTS / f"{name}.yaml").read_text(encoding="utf-8"))
        folder = next(place / name for place in (CAST, PEOPLE) if (place / name).is_dir())
        use = False if options.no_adapter else None
        chat = runtime.chat(load_persona(folder), stage=test["stage"], use_adapter=use)
        talks = [
            list(held(chat, talk["turns"], options.seed + 100 * number))
            for number, talk in enumerate(test["conversations"])
        ]
        path = options.into / f"{name}.json"
        path.write_text(json.dumps(talks, ensure_ascii=False, indent=1), encoding="utf-8")
        print(name, sum(map(len, talks)), "turns", flush=True)


if __name__ == "__main__":
    main()
