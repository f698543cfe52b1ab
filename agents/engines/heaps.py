"""The C library's heaps in a process of many threads: a server, a page, an evaluation.

glibc gives threads heaps of their own, up to eight a core, and each keeps the largest prompt that
it ever held. With 200 clients for two minutes memory outside keys and values grew 1.21 times from
the second to the last quarter; with two heaps 1.04 times, and a third less memory in all.
"""

import ctypes
import os

HEAPS = 2
_M_ARENA_MAX = -8
"""glibc's malloc.h."""


def share_heaps() -> bool:
    """Let all threads share two heaps; False where the C library knows no such setting.

    Threads that have a heap keep it, so call it early. MALLOC_ARENA_MAX, if set, is left as it is.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, HEAPS))
    except (OSError, AttributeError, TypeError):
        return False
