"""One file per command: it calls a workflow, or holds a session, and prints what comes of it."""
