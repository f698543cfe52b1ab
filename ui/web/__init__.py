"""The web pages: one file per screen."""
