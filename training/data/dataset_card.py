"""The card of an exported dataset: where it comes from, on what terms, and what is in it."""

from pathlib import Path
from typing import Any

from persllm.files import write_text
from persllm.persona import Persona
from persllm.version import __version__

CARD = """---
pretty_name: "{name}, personified conversations"
language: [{language}]
tags: [persona, role-play, persllm]
configs:
- config_name: items
  default: true
  data_files:
  - {{split: train, path: items/train.parquet}}
  - {{split: test, path: items/test.parquet}}
- config_name: pairs
  data_files:
  - {{split: train, path: pairs/train.parquet}}
  - {{split: test, path: pairs/test.parquet}}
---
# {name}, personified conversations

{summary}

Made with persllm {version} by the teacher {teacher}, seed {seed}. The answers imitate a person;
they are no quotations, also where they use the person's own sentences.

## Where it comes from

- Source: {source}
- Licence of the source: {licence}
- Consent: {consent}
- Hash of the data: `{data_hash}`

Every item names the paragraphs it rests on (`sources`). Training and test items share no paragraph.

## What is in it

| stage and pattern | train | test |
| --- | ---: | ---: |
{items}
| **all items** | {train_items} | {test_items} |
{pairs}
| **all pairs** | {train_pairs} | {test_pairs} |

Chosen responses have {chosen} words on average, rejected ones {rejected}. Left out: {dropped}.
"""
UNKNOWN = "not recorded"


def write_card(path: Path, persona: Persona, statistics: dict[str, Any]) -> Path:
    """Write the card of a persona's dataset from the counts of its build."""
    rights, totals = persona.rights, statistics["totals"]
    dropped = ", ".join(f"{n} {why}" for why, n in statistics["dropped"].items())
    text = CARD.format(
        name=persona.name.replace('"', "'"),
        language=persona.language,
        summary=persona.summary,
        version=__version__,
        teacher=statistics["teacher"],
        seed=statistics["settings"]["seed"],
        source=rights.source if rights else UNKNOWN,
        licence=rights.licence if rights else UNKNOWN,
        consent=(rights.consent if rights else "") or UNKNOWN,
        data_hash=statistics["data_hash"],
        items=_rows(statistics["items"]),
        pairs=_rows({f"pairs, {why}": n for why, n in statistics["pairs_by_split"].items()}),
        train_items=totals["train"]["items"],
        test_items=totals["test"]["items"],
        train_pairs=totals["train"]["pairs"],
        test_pairs=totals["test"]["pairs"],
        chosen=statistics["mean_pair_words"]["chosen"],
        rejected=statistics["mean_pair_words"]["rejected"],
        dropped=dropped or "nothing",
    )
    write_text(path, text)
    return path


def _rows(counts: dict[str, dict[str, int]]) -> str:
    return "\n".join(f"| {name} | {n['train']} | {n['test']} |" for name, n in counts.items())
