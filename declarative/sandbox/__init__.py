"""An emulated gateway, with faults on demand. Shares no code with the client."""
