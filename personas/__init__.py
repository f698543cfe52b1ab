"""The bundled cast: data only. Read it with `persllm.cast`."""
