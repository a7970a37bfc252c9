"""Comments and issues on GitHub and GitLab. Beside `qualys`, the only room that speaks HTTP."""
