"""Our own decode loop for Llama- and Qwen-shaped models: many speakers, one base."""
