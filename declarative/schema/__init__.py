"""The registry over the JSON Schemas: validation, explain, scaffolds."""
