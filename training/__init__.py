"""Data construction, SFT, DPO, evaluation and the nano base."""
