"""An emulated gateway, with faults on demand. Shares no code with the client."""

from __future__ import annotations

from .options import DEFAULT_RULES, Connector, SandboxError, SandboxOptions, Switches
from .server import RunningSandbox, running, serve

__all__ = ["DEFAULT_RULES", "Connector", "RunningSandbox", "SandboxError", "SandboxOptions", "Switches", "running", "serve"]
