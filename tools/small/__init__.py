"""How the conversation skills of the base `small` are made; not in the wheel."""
