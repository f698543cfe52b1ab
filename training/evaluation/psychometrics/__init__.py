"""A persona's character, measured with a public inventory."""
