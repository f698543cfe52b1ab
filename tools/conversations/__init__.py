"""Hand-written conversations that teach the base `small` to talk; see README.md."""
