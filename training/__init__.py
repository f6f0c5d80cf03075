"""Database to models: what was known, what was learned from it, and how good that is."""
