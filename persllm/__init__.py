"""Personas that are trained, not prompted.

The core holds what the parts share: who speaks (`persona`), what they left behind (`materials`),
how a conversation is put before a model (`messages`), and what passes between training and
serving (`manifest`, `engine`). Importing it loads no model library.
"""

__version__ = "0.1.0"
