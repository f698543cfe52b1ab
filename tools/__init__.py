"""What makes shipped weights: in the repository, not in the wheel."""
