"""Text in: YAML with positions, project, variables, overlays, formatting."""
