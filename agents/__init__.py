"""Personas that talk: engines, the LangChain chat model, debates."""
