"""Synthetic lives: invented people, and question items that teach a tiny base what personas need.

Knows words, a grammar and eight skills. It does not know tokenizers, models or real personas.
"""
