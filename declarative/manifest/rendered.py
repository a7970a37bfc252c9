"""`declarative render`: the manifests as the plan sees them, and where each foreign value came from."""

from __future__ import annotations

from declarative.manifest.emit import yaml_text
from declarative.manifest.locate import DocumentLocator
from declarative.manifest.model import Loaded, Manifest


def rendered(loaded: Loaded) -> str:
    """YAML of every manifest without errors, sorted by address, with variables and overlays resolved. A value that came
    from a variable, the environment or an overlay has a trailing comment that says so."""
    return "---\n".join(_one(manifest) for manifest in loaded.manifests)


def _one(manifest: Manifest) -> str:
    value = {"apiVersion": manifest.api_version, "kind": manifest.kind, "metadata": manifest.metadata, "spec": manifest.spec}
    origins = manifest.locate.origins if isinstance(manifest.locate, DocumentLocator) else {}

    def comment(pointer: str) -> str | None:
        origin = origins.get(pointer)
        if origin is None:
            return None
        return f"from {origin.via}" if origin.source is None else f"from {origin.via}, {origin.source(origin.pointer)}"

    return f"# {manifest.position}\n{yaml_text(value, comment)}"
