"""Plan and diagnostics into text, JSON, Markdown, HTML, SARIF, JUnit, GitLab."""
