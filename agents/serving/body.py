"""Reading a request's body, up to a size."""

from fastapi import Request as Call

from persllm.agents.serving.faults import Fault

READ_AND_FORGOTTEN = 64 * 1024 * 1024
"""A body too large is read on so far, so that its sender hears why instead of a broken pipe."""


async def read_body(call: Call, *, most: int) -> bytes:
    """Return the body.

    Raises:
        Fault: It is larger than that, or no JSON by its header.
    """
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # Also keeps web pages out: a browser asks first before it sends JSON to another site.
        raise Fault(415, f"send application/json, got {kind[:80]!r}", code="no_json")
    kept, length = bytearray(), 0
    async for chunk in call.stream():
        length += len(chunk)
        if length <= most:
            kept += chunk
        elif length > READ_AND_FORGOTTEN:
            break
    if length > most:
        raise Fault(
            413, f"a request may have {most} bytes, this one has {length} or more", code="too_large"
        )
    return bytes(kept)
