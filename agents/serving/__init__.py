"""Personas behind an OpenAI-compatible endpoint."""
