"""The project file: settings, variables and environments.

`declarative.yaml` holds one document of kind Project. With `--env NAME`, `spec.environments.NAME` is merged over `spec`
(RFC 7396; `variables` and `overlays` are treated on their own, see `overlays.py`). An environment without a state of
its own keeps it apart from the others, in `.declarative/state-NAME.db`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field, structs

from declarative.core.diagnostics import Diagnostic, Severity
from declarative.core.durations import parse_duration
from declarative.core.errors import DeclarativeError, InvalidError
from declarative.core.platforms import GATEWAYS
from declarative.core.quoting import shown
from declarative.core.suggest import did_you_mean
from declarative.manifest.documents import (
    Context,
    diagnose,
    envelope_problem,
    read_value,
    schema_diagnostics,
    shape_for,
    substituted,
)
from declarative.manifest.locate import DocumentLocator, Origin, escape, node_at, reading_of
from declarative.manifest.model import Project
from declarative.manifest.nodes import Node, SequenceNode, is_empty
from declarative.manifest.overlays import merge_patch
from declarative.manifest.scalars import Refusal
from declarative.manifest.settings import (
    base_url_problem,
    limits_of,
    mapping,
    moved,
    overlay_patterns,
    positive,
    rules,
    state_url,
    texts,
)
from declarative.manifest.sources import RawDocument, ReadLimits, documents_of
from declarative.manifest.variables import Variable, declared, given
from declarative.manifest.walk import PROJECT_FILE, digest_of_file, read_project_file

DEFAULT_PATTERNS = ("manifests/",)


class ReadProject(Struct, frozen=True):
    """The project, and what its manifests are read with. `overlay_nodes` are the entries of the chosen environment's
    `overlays`, with their pointers; `overlay_patterns` the files that any environment uses, which are no manifests."""

    project: Project
    patterns: tuple[str, ...] = DEFAULT_PATTERNS
    patterns_given: bool = False
    variables: Mapping[str, Variable] = field(default_factory=dict)
    overlay_nodes: tuple[tuple[str, Node], ...] = ()
    overlay_patterns: tuple[str, ...] = ()
    locate: DocumentLocator | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    digest: str = ""


def read_project(
    root: Path, environment: str | None, variables: Mapping[str, str], environ: Mapping[str, str], limits: ReadLimits
) -> ReadProject:
    """The project of a folder. What is wrong with it is among the diagnostics; a project broken beyond reading gives
    the defaults, so that its manifests are still checked. Raises InvalidError for an unknown environment."""
    data, found = read_project_file(root, limits)
    read = _read_project(root, environment, variables, environ, limits, data, found)
    return structs.replace(read, digest=digest_of_file(data)) if data is not None else read


def _read_project(
    root: Path,
    environment: str | None,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    limits: ReadLimits,
    data: bytes | None,
    found: list[Diagnostic],
) -> ReadProject:
    document = _project_document(data, found, limits)
    fallback = Project(root.name or "project", root, environment, None, state_url(root, None, environment))
    if document is None:
        return ReadProject(fallback, diagnostics=tuple(found))
    read = read_value(document, limits)
    locate = DocumentLocator(document, read.start, limits)
    found.extend(read.diagnostics)
    wrong = envelope_problem(read.value, locate) if read.value is not None else None
    if wrong is None and read.value is not None and read.value["kind"] != "Project":
        message = f"{PROJECT_FILE} holds a {read.value['kind']}, not a Project"
        wrong = diagnose(locate, "/kind", Refusal("project/kind", message, "write `kind: Project`"))
    if read.value is None or wrong is not None:
        return ReadProject(fallback, locate=locate, diagnostics=(*found, *([wrong] if wrong else [])))
    return _Reader(root, environment, variables, environ, limits, locate, found).read(read.value)


def _project_document(data: bytes | None, found: list[Diagnostic], limits: ReadLimits) -> RawDocument | None:
    if data is None:
        return None
    documents, wrong = documents_of(data, PROJECT_FILE, limits)
    found.extend(wrong)
    filled = [document for document in documents if not is_empty(document)]
    if len(filled) > 1:
        locate = DocumentLocator(filled[1], (filled[1].line, 1))
        found.append(diagnose(locate, "", Refusal("project/documents", f"{PROJECT_FILE} must hold one document", None)))
    if not filled:
        locate = DocumentLocator(documents[0] if documents else RawDocument(PROJECT_FILE, ""))
        hint = "start it with `apiVersion: declarative/v1` and `kind: Project`"
        found.append(diagnose(locate, "", Refusal("project/empty", f"{PROJECT_FILE} is empty", hint)))
    return filled[0] if filled else None


class _Reader(Struct):
    root: Path
    environment: str | None
    overrides: Mapping[str, str]
    environ: Mapping[str, str]
    limits: ReadLimits
    locate: DocumentLocator
    found: list[Diagnostic]

    def read(self, value: dict[str, Any]) -> ReadProject:
        needs_nodes = not {"variables", "environments"}.isdisjoint(mapping(value.get("spec")))
        nodes = reading_of(self.locate.document, self.limits).root if needs_nodes else None
        self.locate = replace(self.locate, nodes=nodes)
        here = self._environment_pointer(value)
        variables = self._variables(nodes, here)
        value, shown = self._substituted(value, variables)
        self.locate = shown
        self.found.extend(schema_diagnostics(value, shown))
        spec = mapping(value.get("spec"))
        settings = merge_patch(spec, self._overrides_of(spec, here))
        project = self._project(value, settings, here)
        patterns = tuple(texts(settings.get("manifests")))
        return ReadProject(
            project,
            patterns or DEFAULT_PATTERNS,
            bool(patterns),
            variables,
            self._overlay_nodes(nodes, here),
            tuple(overlay_patterns(spec)),
            self.locate,
            tuple(self.found),
        )

    def _environment_pointer(self, value: Mapping[str, Any]) -> str | None:
        if self.environment is None:
            return None
        known = mapping(mapping(value.get("spec")).get("environments"))
        if self.environment not in known:
            hint = did_you_mean(self.environment, known)
            hint = hint or (f"the project has: {', '.join(known)}" if known else "declare it under spec.environments")
            raise InvalidError(f'the project has no environment "{self.environment}"', hint=hint, diagnostics=self.found)
        return f"/spec/environments/{escape(self.environment)}"

    def _variables(self, nodes: Node | None, here: str | None) -> dict[str, Variable]:
        variables = declared(node_at(nodes, "/spec/variables"), self.locate, "/spec/variables") if nodes is not None else {}
        if nodes is not None and here is not None:
            for name, variable in declared(node_at(nodes, f"{here}/variables"), self.locate, f"{here}/variables").items():
                base = variables.get(name)
                kept = structs.replace(variable, type=variable.type or (base.type if base else None))
                variables[name] = kept if variable.node is not None or base is None else base
        for name, text in self.overrides.items():
            if name not in variables:
                hint = did_you_mean(name, variables) or "declare it under spec.variables of the project"
                message = f'--var sets "{name}", which the project does not declare'
                self.found.append(Diagnostic(Severity.ERROR, "variable/undeclared", message, self.locate.position, hint=hint))
            else:
                variables[name] = given(name, text, variables[name])
        return variables

    def _substituted(self, value: dict[str, Any], variables: Mapping[str, Variable]) -> tuple[dict[str, Any], DocumentLocator]:
        """References in settings are resolved; those in variables, overlays and other environments wait for their use."""
        spec = value.get("spec")
        if "${" not in self.locate.document.text or not isinstance(spec, dict):
            return value, self.locate
        waiting = {key: spec[key] for key in ("variables", "environments") if key in spec}
        ready = {**value, "spec": {key: child for key, child in spec.items() if key not in waiting}}
        origins: dict[str, Origin] = {}
        context = Context(self.limits, variables, self.environ)
        resolved, _ = substituted(ready, shape_for("Project"), self.locate, context, self.found, origins)
        merged = {**resolved, "spec": {key: resolved["spec"].get(key, waiting.get(key)) for key in spec}}
        if self.environment is not None and "environments" in waiting:
            merged["spec"]["environments"] = self._environment_resolved(waiting["environments"], context, origins)
        return merged, replace(self.locate, origins=origins)

    def _environment_resolved(self, environments: Any, context: Context, origins: dict[str, Origin]) -> Any:
        name = str(self.environment)
        own = mapping(mapping(environments).get(name))
        waiting = {key: own[key] for key in ("variables", "overlays") if key in own}
        ready = {key: child for key, child in own.items() if key not in waiting}
        at = f"/spec/environments/{escape(name)}"
        shape = shape_for("Project").at(at)
        resolved, _ = substituted(ready, shape, self.locate, context, self.found, origins, base=at)
        return {**environments, name: {**resolved, **waiting}}

    def _overrides_of(self, spec: Mapping[str, Any], here: str | None) -> dict[str, Any]:
        if here is None:
            return {}
        own = mapping(mapping(spec.get("environments")).get(str(self.environment)))
        chosen = {key: child for key, child in own.items() if key not in ("variables", "overlays")}
        # A platform and an address exclude each other; the environment's choice replaces the project's.
        if chosen.get("baseUrl") and "platform" not in chosen:
            chosen["platform"] = None
        elif chosen.get("platform") and "baseUrl" not in chosen:
            chosen["baseUrl"] = None
        return chosen

    def _overlay_nodes(self, nodes: Node | None, here: str | None) -> tuple[tuple[str, Node], ...]:
        overlays = node_at(nodes, f"{here}/overlays") if nodes is not None and here is not None else None
        if not isinstance(overlays, SequenceNode):
            return ()
        return tuple((f"{here}/overlays/{index}", item) for index, item in enumerate(overlays.items))

    def _project(self, value: Mapping[str, Any], settings: Mapping[str, Any], here: str | None) -> Project:
        name = mapping(value.get("metadata")).get("name")

        def pointer(key: str) -> str:
            own = mapping(mapping(mapping(mapping(value.get("spec")).get("environments")).get(str(self.environment))))
            return f"{here}/{key}" if here is not None and key in own else f"/spec/{key}"

        base = Project(
            name if isinstance(name, str) and name else self.root.name or "project",
            self.root,
            self.environment,
            self._base_url(settings, pointer),
            self._state(settings, pointer),
        )
        return replace(
            base,
            settle=self._duration(settings, "settle", base.settle, pointer),
            plan_expiry=self._duration(settings, "planExpiry", base.plan_expiry, pointer),
            batch_size=positive(settings.get("batchSize"), base.batch_size),
            page_size=positive(settings.get("pageSize"), base.page_size),
            limits=limits_of(settings.get("limits"), base.limits),
            rules=rules(settings.get("rules")),
            moved=moved(settings.get("moved")),
            locate=self.locate,
        )

    def _refuse(self, pointer: str, rule: str, message: str, hint: str | None = None) -> None:
        # The schema may have spoken about the same value already, and in more detail.
        if not any(one.pointer == pointer for one in self.found):
            self.found.append(diagnose(self.locate, pointer, Refusal(rule, message, hint)))

    def _base_url(self, settings: Mapping[str, Any], pointer: Any) -> str | None:
        platform, url = settings.get("platform"), settings.get("baseUrl")
        if platform and url:
            self._refuse(pointer("baseUrl"), "project/target", "both platform and baseUrl are given", "keep one of them")
        if isinstance(url, str) and url:
            problem = base_url_problem(url)
            if problem:
                self._refuse(pointer("baseUrl"), "project/base-url", problem, "write it like https://gateway.qg1.apps.qualys.eu")
                return None
            return url.rstrip("/")
        if not isinstance(platform, str):
            return None
        if platform not in GATEWAYS:
            hint = did_you_mean(platform, GATEWAYS) or f"one of {', '.join(GATEWAYS)}"
            self._refuse(pointer("platform"), "project/platform", f'there is no platform "{shown(platform)}"', hint)
        return GATEWAYS.get(platform)

    def _state(self, settings: Mapping[str, Any], pointer: Any) -> str:
        state = settings.get("state")
        if not isinstance(state, str) or not state:
            return state_url(self.root, None, self.environment)
        if "://" in state and not state.startswith("sqlite:"):
            parts = urlsplit(state)
            if parts.password or "password=" in parts.query:
                hint = "give the whole URL in DECLARATIVE_STATE, or the password in PGPASSWORD"
                self._refuse(pointer("state"), "project/state-password", "a password must not stand in the project", hint)
                return state_url(self.root, None, self.environment)
            if parts.scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
                hint = "write sqlite:///PATH or postgresql://HOST/NAME"
                self._refuse(pointer("state"), "project/state", f'"{shown(parts.scheme)}" is not a kind of state store', hint)
        return state_url(self.root, state, self.environment)

    def _duration(self, settings: Mapping[str, Any], key: str, default: timedelta, pointer: Any) -> timedelta:
        text = settings.get(key)
        if not isinstance(text, str):
            return default
        try:
            return parse_duration(text)
        except DeclarativeError as error:
            self._refuse(pointer(key), "project/duration", error.message, error.hint)
            return default
