"""Measures with a judge: any LangChain chat model that marks answers."""
