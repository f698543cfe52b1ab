"""Measures of what training did."""
