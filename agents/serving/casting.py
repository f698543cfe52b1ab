"""Who is served: every stage of every persona, checked before anything starts."""

from collections.abc import Sequence
from pathlib import Path

from persllm.agents.chat_persona import ChatPersona
from persllm.agents.runtime import Runtime
from persllm.errors import AdapterError
from persllm.manifest import adapter_if_any
from persllm.persona import Persona


def adapters_of(
    runtime: Runtime, personas: Sequence[Persona], *, use_adapter: bool | None
) -> dict[str, Path]:
    """Return the adapter of each persona that has one, by its id.

    Raises:
        AdapterError: Some have adapters that do not fit; each is named, with what to do.
    """
    found: dict[str, Path] = {}
    faults = []
    for persona in personas if use_adapter is not False else ():
        try:
            adapter = adapter_if_any(persona, base=runtime.base, runs=runtime.runs)
        except AdapterError as error:
            faults.append(str(error))
        else:
            found |= {persona.id: adapter} if adapter else {}
    if faults:
        raise AdapterError("\n".join(faults))
    return found


def chats_of(
    runtime: Runtime,
    personas: Sequence[Persona],
    adapters: dict[str, Path],
    *,
    use_memory: bool,
) -> list[ChatPersona]:
    """Return a chat for every stage; personas without adapter speak through the base alone."""
    return [
        runtime.chat(
            persona, stage=stage.id, use_adapter=persona.id in adapters, use_memory=use_memory
        )
        for persona in personas
        for stage in persona.stages
    ]
