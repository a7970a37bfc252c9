"""What a field means, told from the schema files alone; how it is compared, from the field table of the assets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from declarative.assets.fields import FieldSpec, Readability, SubField, describe
from declarative.assets.normalise import Form
from declarative.core.errors import UsageError
from declarative.core.suggest import closest
from declarative.queries.catalog import known_fields
from declarative.queries.model import Target
from declarative.schema.messages import expected, places_of, types_of
from declarative.schema.registry import Schema, kinds, resolve, schema_for

ANY_KEY = "<name>"

# Filter fields are an open catalogue, not a list in the schema: which catalogue a condition speaks of.
_CATALOGUES: Mapping[str, tuple[Target, bool]] = MappingProxyType(
    {
        "#/$defs/filter": (Target.HOSTS, False),
        "#/$defs/componentCondition": (Target.COMPONENTS, False),
        "#/$defs/assetCondition": (Target.COMPONENTS, True),
    }
)

_COMPARED: Mapping[Form, str] = MappingProxyType(
    {
        Form.TEXT: "as text; case counts",
        Form.NOCASE: "as text, without regard to case",
        Form.COMPACT: "as text, without regard to case and spaces",
        Form.WORDS: "as text, without regard to case and runs of spaces",
        Form.HOSTNAME: "as a host name: without regard to case and a trailing dot",
        Form.UUID: "as a UUID: without regard to case, braces and hyphens",
        Form.MAC: "as a MAC address: without regard to case and separators",
        Form.MAC_SET: "as a set of MAC addresses: without regard to order, case and separators",
        Form.IP: "as an IP address, in its canonical form",
        Form.IP_SET: "as a set of IP addresses, in their canonical forms and without regard to order",
        Form.ID_SET: "as a set of ids",
        Form.INTEGER: "as a whole number, whether written as text or as a number",
        Form.MEASURE: "as a whole number, where 0 and -1 mean unknown",
        Form.INSTANT: "as a moment, whether ISO 8601 or epoch milliseconds",
        Form.TIMEZONE: "as an offset: +5:30 equals +05:30",
        Form.OPAQUE: "as it is",
        Form.RECORDS: "as a set of records, without regard to order; each by its fields",
    }
)


class Comparison(Struct, frozen=True):
    """How a field is compared. `readable` says in a sentence whether the API can read it back; `response` where."""

    how: str
    readable: str
    response: tuple[str, ...] = ()
    source: str = ""
    note: str = ""


class Child(Struct, frozen=True):
    name: str
    type: str
    meaning: str
    required: bool = False


class Explanation(Struct, frozen=True):
    """One field, or a whole kind. `default` is None where there is none; `values` are the only legal ones, if any."""

    path: str
    type: str
    meaning: str
    required: bool = False
    nullable: bool = False
    default: Any = None
    values: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    examples: tuple[Any, ...] = ()
    children: tuple[Child, ...] = ()
    comparison: Comparison | None = None


def explain(path: str) -> Explanation:
    """`Asset`, `Asset.spec.coreAttributes.biosInfo`, `asset.coreAttributes.ports.port`: what it is.

    `spec` may be left out; a list is passed through by `[]`, an index, or nothing. Raises UsageError with a suggestion
    for a path that does not exist.
    """
    parts = [part for part in path.replace("[", ".").replace("]", "").split(".") if part and not part.isdigit() and part != "*"]
    kind = _kind(parts[0] if parts else "")
    root = schema_for(kind)
    steps = list(_walk(root, kind, parts[1:]))
    name, node, required = steps[-1]
    reference = next((str(step["$ref"]) for _, step, _ in reversed(steps[:-1]) if "$ref" in step), None)
    whole = resolve(root, node)
    types = types_of(whole)
    return Explanation(
        path=name,
        type=expected(types) if types else "any value",
        meaning=str(whole.get("description", "")),
        required=required,
        nullable="null" in types and len(types) > 1,
        default=whole.get("default"),
        values=tuple(str(value) for value in whole.get("enum", ()) if value is not None),
        constraints=tuple(_constraints(whole)),
        examples=tuple(whole.get("examples", ())),
        children=(*_children(root, whole), *_catalogue(name, reference)),
        comparison=_comparison(name),
    )


def explain_kinds() -> tuple[Explanation, ...]:
    """Every kind, without fields: what it is."""
    return tuple(Explanation(kind, "a manifest", str(schema_for(kind)["description"])) for kind in kinds())


def complete_path(incomplete: str) -> tuple[str, ...]:
    """What a shell may offer for a half-typed path."""
    head, dot, tail = incomplete.rpartition(".")
    if not dot:
        return tuple(kind for kind in kinds() if kind.lower().startswith(incomplete.lower()))
    try:
        children = explain(head).children
    except UsageError:
        return ()
    return tuple(
        f"{head}.{child.name}" for child in children if child.name.lower().startswith(tail.lower()) and "." not in child.name
    )


def _kind(word: str) -> str:
    for kind in kinds():
        if kind.lower() == word.lower():
            return kind
    near = closest(word, kinds())
    hint = f'did you mean "{near}"?' if near else f"the kinds are {', '.join(kinds())}"
    raise UsageError(f'there is no kind "{word}"', hint=hint)


def _walk(root: Schema, kind: str, parts: list[str]) -> Iterator[tuple[str, Schema, bool]]:
    """The schema node at each step, with its display path and whether it is required."""
    path, node = kind, root
    yield path, node, False
    below_spec = {name.lower() for name in root["properties"]["spec"]["properties"]}
    if parts and parts[0].lower() in below_spec:
        parts = ["spec", *parts]
    for part in parts:
        whole = resolve(root, node)
        if "array" in types_of(whole) and isinstance(whole.get("items"), Mapping) and "properties" not in whole:
            path, node = f"{path}[]", whole["items"]
            yield path, node, False
            whole = resolve(root, node)
        name, found = _step(root, whole, part, path)
        required = name in whole.get("required", ())
        path, node = f"{path}.{name}", found
        yield path, node, required


def _step(root: Schema, whole: Schema, part: str, path: str) -> tuple[str, Schema]:
    named: Mapping[str, Schema] = whole.get("properties", {})
    for name, schema in named.items():
        if name.lower() == part.lower():
            return name, schema
    extra = whole.get("additionalProperties")
    if isinstance(extra, Mapping):
        return ANY_KEY if part == ANY_KEY else part, extra
    near = closest(part, named)
    if near is not None:
        hint = f'did you mean "{path}.{near}"?'
    else:
        kind = path.partition(".")[0]
        places = places_of(root, part)
        hint = f'did you mean "{".".join((kind, *places[0]))}"?' if places else f"known here: {', '.join(named) or 'nothing'}"
    raise UsageError(f'{path} has no field "{part}"', hint=hint)


def _constraints(whole: Schema) -> Iterator[str]:
    if "pattern" in whole:
        yield str(whole.get("patternErrorMessage", f"matches {whole['pattern']}"))
    for keyword, text in (("minimum", "at least"), ("maximum", "at most")):
        if keyword in whole:
            yield f"{text} {whole[keyword]}"
    if whole.get("minLength"):
        yield "not empty"


def _children(root: Schema, whole: Schema) -> Iterator[Child]:
    items = whole.get("items")
    if isinstance(items, Mapping) and "properties" not in whole:
        whole = resolve(root, items)
    for name, raw in whole.get("properties", {}).items():
        yield _child(name, resolve(root, raw), name in whole.get("required", ()))
    extra = whole.get("additionalProperties")
    if isinstance(extra, Mapping):
        yield _child(ANY_KEY, resolve(root, extra), required=False)


def _child(name: str, node: Schema, required: bool) -> Child:
    return Child(name, expected(types_of(node) or ("object",)), str(node.get("description", "")), required)


def _catalogue(path: str, reference: str | None) -> Iterator[Child]:
    if reference is None or reference not in _CATALOGUES or not path.endswith(".field"):
        return
    target, asset_filter = _CATALOGUES[reference]
    for name, spec in sorted(known_fields(target, asset_filter=asset_filter).items()):
        note = "" if spec.is_documented else f" Not in the vendor's table: {spec.source}."
        values = f" ({', '.join(spec.values)})" if spec.values else ""
        yield Child(name, spec.group.value, f"{', '.join(spec.operators)}{values}.{note}")


def _comparison(path: str) -> Comparison | None:
    """`Kind.spec.coreAttributes.ports[].port` -> what the field table says of it."""
    below = path.partition(".spec.")[2]
    row = describe(below)
    if row is not None:
        return _of_row(row)
    owner, _, name = below.rpartition("[].")
    row = describe(owner) if owner else None
    sub = next((one for one in row.sub if one.name == name), None) if row is not None else None
    return _of_sub(row, sub) if row is not None and sub is not None else None


def _of_row(row: FieldSpec) -> Comparison:
    how = _how(row.form)
    if row.subset:
        how += "; other sources may add to it, so the live asset may have more"
    note = row.note + (" The mapping is a guess until it was once seen to hold." if row.tentative else "")
    return Comparison(how, _readable(row.readability), row.response, row.source, note.strip())


def _of_sub(row: FieldSpec, sub: SubField) -> Comparison:
    base = row.response[0] if row.response else ""
    response = tuple(f"{base}.{name}" for name in sub.response)
    return Comparison(_how(sub.form), _readable(sub.readability), response, row.source, "Compared within its list.")


def _how(form: Form) -> str:
    return _COMPARED.get(form, f"as {form.value}")


def _readable(readability: Readability) -> str:
    if readability is Readability.READABLE:
        return "yes: the search shows it"
    if readability is Readability.LOSSY:
        return "partly: the service rewrites it, so only an equal value proves something"
    return "no: compared with what was last sent"
