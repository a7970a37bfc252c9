"""The overlays of an environment: patches in the project file, and the files that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from glob import escape as glob_escape
from pathlib import Path

from declarative.core.diagnostics import Diagnostic
from declarative.core.quoting import shown
from declarative.manifest.documents import address_of, diagnose, envelope_problem, read_value
from declarative.manifest.locate import DocumentLocator
from declarative.manifest.nodes import MappingNode, ScalarNode, read_nodes
from declarative.manifest.overlays import Overlay
from declarative.manifest.project import ReadProject
from declarative.manifest.scalars import Refusal
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of
from declarative.manifest.walk import files_of_each, leaves_project, read_file


def outside(locate: DocumentLocator, pointer: str, pattern: str) -> Diagnostic:
    """The finding for a pattern that leaves the project."""
    hint = "use a path below the project's folder"
    return diagnose(locate, pointer, Refusal("path/outside-project", f'"{shown(pattern)}" leads out of the project', hint))


def overlays_of(root: Path, read: ReadProject, limits: ReadLimits) -> tuple[list[Overlay], list[Diagnostic]]:
    """The overlays of the chosen environment, in their order."""
    if read.locate is None:
        return [], []
    named = [(pointer, node.text) for pointer, node in read.overlay_nodes if isinstance(node, ScalarNode)]
    each, refused = files_of_each(root, [pattern for _, pattern in named]) if named else ([], [])
    files = {pointer: matching for (pointer, _), matching in zip(named, each, strict=True)}
    overlays: list[Overlay] = []
    found = list(refused)
    for pointer, node in read.overlay_nodes:
        if isinstance(node, MappingNode):
            target, patch = node.entries.get("target"), node.entries.get("patch")
            if target and patch and isinstance(target[1], ScalarNode):
                overlays.append(Overlay(target[1].text, patch[1], read.locate, pointer + "/patch"))
        elif isinstance(node, ScalarNode) and leaves_project(node.text):
            found.append(outside(read.locate, pointer, node.text))
        elif isinstance(node, ScalarNode):
            if not files[pointer] and not refused:
                refusal = Refusal("overlay/no-files", f'no file matches "{shown(node.text)}"', "correct the path")
                found.append(diagnose(read.locate, pointer, refusal))
            inside, wrong = _overlays_in(files[pointer], limits)
            overlays.extend(inside)
            found.extend(wrong)
    return overlays, found


def _overlays_in(files: Mapping[str, Path], limits: ReadLimits) -> tuple[list[Overlay], list[Diagnostic]]:
    overlays: list[Overlay] = []
    found: list[Diagnostic] = []
    for relative, path in files.items():
        data, wrong = read_file(path, relative, limits)
        found.extend(wrong)
        documents, wrong = documents_of(data, relative, limits) if data is not None else ([], [])
        found.extend(wrong)
        for document in documents:
            overlay, wrong = _overlay_document(document, limits)
            found.extend(wrong)
            overlays.extend([overlay] if overlay else [])
    return overlays, found


def _overlay_document(document: RawDocument, limits: ReadLimits) -> tuple[Overlay | None, list[Diagnostic]]:
    read = read_value(document, limits)
    locate = DocumentLocator(document, read.start, limits)
    if read.value is None or read.diagnostics:
        return None, list(read.diagnostics)
    wrong = envelope_problem(read.value, locate)
    if wrong is not None:
        return None, [wrong]
    address = address_of(read.value)
    root = read_nodes(document, limits).root
    if address is None or root is None:
        hint = "an overlay names the manifest that it changes"
        return None, [diagnose(locate, "/metadata", Refusal("overlay/no-name", "metadata.name is missing", hint))]
    # A name is taken as it is, not as a pattern.
    return Overlay(glob_escape(address), root, replace(locate, nodes=root), fixed=frozenset({"apiVersion", "kind"})), []
