"""Foreign files to readable material: parsers, recognition, stages, provenance."""
