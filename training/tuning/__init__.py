"""Packed tuning on TRL's trainers: tokens that several rows share are computed once."""
