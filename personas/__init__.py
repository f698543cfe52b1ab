"""The bundled cast: data only. Read it with `persllm.persona_catalog`."""
