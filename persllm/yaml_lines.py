"""Where a fault of a YAML file stands, and faults that YAML itself passes over."""

from collections.abc import Iterator
from typing import Any

import yaml


def line_of(root: yaml.Node | None, location: tuple[str | int, ...]) -> int:
    """Return the line of the deepest part of the location that the file holds."""
    node: Any = root  # of PyYAML, whose marks may be none
    line: int = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            match = [(key, value) for key, value in node.value if key.value == str(part)]
            if not match:
                return line
            line, node = match[0][0].start_mark.line + 1, match[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def fault_line(root: yaml.Node | None, fault: Any, *, whole: str) -> str:  # noqa: ANN401 (pydantic's own)
    """Return one of pydantic's faults for people: line, key, what is wrong, what was given.

    Args:
        root: The file as `yaml.compose` reads it.
        fault: One of `ValidationError.errors()`.
        whole: What a fault of the whole file is called.
    """
    where = ".".join(str(part) for part in fault["loc"]) or whole
    message = fault["msg"].removeprefix("Value error, ")
    given = "" if fault["type"] == "missing" else f" (got {fault['input']!r:.60})"
    return f"line {line_of(root, fault['loc'])}: {where}: {message}{given}"


def silent_faults(root: yaml.Node | None) -> Iterator[str]:
    """Yield what YAML reads without a word and nobody means: a key twice, a time as a number."""
    waiting = [root] if root else []
    known: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in known:  # an alias
            continue
        known.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for key, value in node.value:
                if key.value in keys and keys.count(key.value) > 1:
                    yield f"line {key.start_mark.line + 1}: {key.value}: it stands there twice"
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif node.tag.endswith(":int") and ":" in node.value:
            line = node.start_mark.line + 1
            yield f"line {line}: {node.value} is read as a number of minutes; write a plain number"
