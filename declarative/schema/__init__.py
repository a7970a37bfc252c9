"""The registry over `schemas/`: validation, explanations and scaffolds, all derived from the schema files."""
