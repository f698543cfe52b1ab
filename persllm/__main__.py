"""`python -m persllm`, which `torchrun` and `accelerate launch` start too."""

from persllm.ui.cli.main import main

if __name__ == "__main__":
    main()
