"""What each kind means: manifests become the desired state. The only room that knows kinds by name."""

from declarative.kinds.registry import lower

__all__ = ["lower"]
