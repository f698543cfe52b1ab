"""One module a format: foreign files to paragraphs and turns."""
