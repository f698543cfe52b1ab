"""One YAML file for a run: `persllm train run.yaml`.

A key is a flag without its dashes. What is given on the command line counts before the
environment (PERSLLM_TRAIN_RANK for --rank of train), and that before the file.
"""

import inspect
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

from persllm.errors import RunFileError

if TYPE_CHECKING:
    import yaml
    from typer._click import Context, Parameter

SUFFIXES = (".yaml", ".yml")
PERSONAS = ("personas", "persona")


class RunFileCommand(TyperCommand):
    """A command that may be told everything by a file in place of its persona."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Parse what was given, with the file's values where nothing else was said.

        Raises:
            RunFileError: The file cannot be read or has faults.
        """
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        said = next((given[name] for name in PERSONAS if given.get(name)), ())
        said = [said] if isinstance(said, str) else list(said)
        if not said or not said[0].endswith(SUFFIXES) or Path(said[0]).is_dir():
            return super().parse_args(ctx, args)
        values = read_run_file(Path(said[0]), self)
        people = next((values.pop(name) for name in PERSONAS if name in values), None) or []
        people = [people] if isinstance(people, str) else people
        ctx.default_map = {**(ctx.default_map or {}), **values}
        place = args.index(said[0])
        rest = [*args[:place], *([] if said[1:] else people), *args[place + 1 :]]
        return super().parse_args(ctx, rest)


def read_run_file(path: Path, command: TyperCommand) -> dict[str, Any]:
    """Return a file's values by the names of the command's parameters.

    Raises:
        RunFileError: The file cannot be read or has faults; all are listed, with their lines.
    """
    from pydantic import ConfigDict, Field, ValidationError, create_model

    from persllm.yaml_lines import fault_line

    root, given = _keys_and_values(path)
    known = {key_of(each): each for each in command.params if key_of(each) != "help"}
    fields: dict[str, Any] = {  # by other names: pydantic has a use of its own for some, like json
        f"key_{key}": (_annotation(command, each), Field(None, alias=key))
        for key, each in known.items()
    }
    model = create_model("RunFile", __config__=ConfigDict(extra="forbid"), **fields)
    try:
        checked = model.model_validate(given)
    except ValidationError as error:
        faults = [fault_line(root, each, whole="file") for each in error.errors()]
        raise RunFileError(
            f"{path}: {len(faults)} fault(s)\n"
            + "\n".join(f"  - {fault}" for fault in faults)
            + f"\nKeys of {command.name}: {', '.join(sorted(known))}."
        ) from error
    return {str(known[key].name): getattr(checked, f"key_{key}") for key in given}


def key_of(parameter: "Parameter") -> str:
    """Return a parameter's key in a file: its flag without dashes, or its own name."""
    flags = [flag for flag in parameter.opts if flag.startswith("--")]
    name = flags[0].removeprefix("--") if flags else str(parameter.name)
    return name.replace("-", "_")


def _annotation(command: TyperCommand, parameter: "Parameter") -> Any:  # noqa: ANN401 (any type)
    """Return the type of a parameter, with its range."""
    from annotated_types import Ge, Le

    assert command.callback is not None
    declared = inspect.signature(command.callback, eval_str=True).parameters
    kind, *infos = typing.get_args(declared[str(parameter.name)].annotation)
    for info in infos:
        for bound, value in ((Ge, info.min), (Le, info.max)):
            if value is not None:
                kind = typing.Annotated[kind, bound(value)]
    return kind


def _keys_and_values(path: Path) -> tuple["yaml.Node", dict[str, Any]]:
    """Return a file as a tree, which knows its lines, and as values; keys without dashes."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
        root, read = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunFileError(
            f"{path} cannot be read: {' '.join(str(error).split())}. Name a YAML file in UTF-8 "
            "whose keys are flags without their dashes; examples/runs/ has one for each command."
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise RunFileError(f"{path}: keys with values are needed, such as 'base: nano'.")
    for key, _ in root.value:
        key.value = key.value.replace("-", "_")
    return root, {str(key).replace("-", "_"): value for key, value in read.items()}
