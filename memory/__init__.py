"""What a persona knows and remembers, kept in Chroma."""
