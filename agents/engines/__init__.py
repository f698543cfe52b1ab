"""What runs base and adapters; the seam is `persllm.engine.Engine`."""
