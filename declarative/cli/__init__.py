"""One module a command: parse, call, render, exit. The only place that prints or exits."""
