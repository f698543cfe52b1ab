"""From materials to items and pairs."""
