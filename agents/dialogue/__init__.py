"""Personas that meet: dialogues, debates, interviews and work in common."""
