"""Which paragraphs of a book, a letter or a page are not the person's own, and why."""
