"""Laws of the reader: what is dumped loads equal, the quick reader agrees with the reference, and nothing is ever thrown."""

from __future__ import annotations

import os
import re
import string
from contextlib import suppress

import orjson
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from declarative.core.diagnostics import Position
from declarative.manifest import load
from declarative.manifest.documents import Context, Outcome, read_document, shape_for
from declarative.manifest.emit import yaml_text
from declarative.manifest.moulds import mould_of
from declarative.manifest.nodes import read_nodes, to_value
from declarative.manifest.quick import read_quickly
from declarative.manifest.routes import GiveUp, Routes
from declarative.manifest.scalars import MAX_DIGITS, ScalarRefusedError
from declarative.manifest.shapes import ANY, Shape, shape_of
from declarative.manifest.sources import RawDocument, ReadLimits, document_of, documents_of, forbidden, pieces_of
from declarative.schema.registry import schema_for

# More of them in a soak: DECLARATIVE_EXAMPLES=1000.
laws = settings(
    max_examples=int(os.environ.get("DECLARATIVE_EXAMPLES", "80")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
LIMITS = ReadLimits()
TEXT = Shape(kinds=frozenset({"string"}), text=True)
EVERYWHERE_TEXT = Shape(text=True)
EVERYWHERE_TEXT._items = EVERYWHERE_TEXT._extra = EVERYWHERE_TEXT

visible = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])).filter(
    lambda text: forbidden(text) is None and "\r" not in text
)
tricky = st.sampled_from(
    [
        "",
        " ",
        "~",
        "null",
        "NO",
        "012",
        "1_000",
        "0x1F",
        "10:20:30",
        "2026-01-15",
        "=",
        "<<",
        "- a",
        "a: b",
        "#x",
        "x #y",
        "[",
        "{a}",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%x",
        "@x",
        "`x`",
        "'",
        '"',
        "---",
        "...",
        "\t",
        "\n",
        " a",
        "a ",
        "a\n",
        "\na",
        ".inf",
        "1e3",
        "?",
        "? a",
        "${var.x}",
    ]
)
texts = visible | tricky
integers = st.integers(-(10**MAX_DIGITS) + 1, 10**MAX_DIGITS - 1)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts
keys = texts.filter(bool).filter(lambda key: key != "<<")
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
mappings = st.dictionaries(keys, values, min_size=1, max_size=5)


def reference(text: str, shape: Shape = ANY):
    (document,), found = documents_of(text.encode(), "f.yaml", LIMITS)
    reading = read_nodes(document, LIMITS)
    refusals: list[object] = []
    value = to_value(reading.root, shape, refusals) if reading.root else None
    return value, [*found, *reading.diagnostics, *refusals]


@laws
@given(mappings)
def test_what_is_emitted_loads_equal(value):
    assert reference(yaml_text(value)) == (value, [])


@laws
@given(mappings, st.booleans(), st.sampled_from([None, True, False]))
def test_what_another_tool_dumps_loads_equal(value, canonical, flow):
    # PyYAML's idea of a number differs (`0E0` is text to it), so what looks like one stays out here.
    value = _without_numbers(value)
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=flow, canonical=canonical)
    loaded, found = reference(text.replace("---\n", "", 1) if canonical else text)
    assert (loaded, found) == (value, [])


@laws
@given(texts)
def test_any_text_in_double_quotes_is_that_text(text):
    import json

    assert reference(f"v: {json.dumps(text, ensure_ascii=False)}\n") == ({"v": text}, [])


@laws
@given(
    st.text(string.ascii_letters + string.digits + "_.:+-/", min_size=1).filter(
        lambda text: not text.endswith(":") and ": " not in text
    )
)
def test_a_plain_word_at_a_text_place_is_that_word(text):
    if text[0] in "-:?" or text.startswith(("---", "...")):
        text = "x" + text
    value, found = reference(f"v: {text}\n", EVERYWHERE_TEXT)
    assert not found
    assert value == {"v": None if text in ("null", "Null", "NULL") else text}


fragments = st.sampled_from(
    [
        "a",
        "b",
        "key",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
        '"',
        "'",
        "|",
        ">",
        "#",
        " # c",
        "&x ",
        "*x",
        "!!str ",
        "!t ",
        "---",
        "\n---\n",
        "...",
        "? ",
        "012",
        "1.5",
        "true",
        "null",
        "~",
        "<<",
        "\t",
        "${var.x}",
        "é",
        "\u200b",
        "\\u202e",
        "%YAML 1.2\n",
        "\r\n",
        "\r",
        "|+\n",
        ">-\n",
    ]
)
yamlish = st.lists(fragments, max_size=30).map("".join) | mappings.map(yaml_text) | st.text(max_size=60)


@given(yamlish, st.sampled_from([ANY, EVERYWHERE_TEXT]))
@laws
@example("a: b\nc: d\n", ANY)
@example("a: [1, {b: c}]\nd: |\n  x\n", ANY)
def test_the_quick_reader_says_what_the_reference_says_or_nothing(text, shape):
    _agrees(text, shape)


def _agrees(text: str, shape: Shape) -> None:
    documents, _ = documents_of(text.encode("utf-8", "surrogatepass"), "f.yaml", LIMITS)
    for document in documents:
        quick = read_quickly(document, shape, LIMITS)
        if quick is None:
            continue
        reading = read_nodes(document, LIMITS)
        refusals: list[object] = []
        assert reading.root is not None
        assert (reading.diagnostics, refusals) == ((), [])
        value = to_value(reading.root, shape, refusals)
        assert repr(quick[0]) == repr(value)
        assert quick[1] == (reading.root.span.line, reading.root.span.column)


# Lines at the edge of what the quick reader takes: half of them are read by it, the others it must leave alone.
line_heads = st.sampled_from(
    [
        "a:",
        "b:",
        "c:",
        "- a:",
        "- b:",
        "-  c:",
        "-",
        "- ",
        "",
        "a :",
        "a",
        "'a':",
        "1:",
        "a.b-c:",
        "- - a:",
        "? a:",
        "é:",
        "<<:",
        "a::",
        "-a:",
    ]
)
line_values = st.sampled_from(
    [
        "",
        " x",
        "  x  ",
        " x y",
        " x  y z ",
        " x: y",
        " x:y",
        " x:",
        " :x",
        " x #c",
        " x#c",
        " #c",
        "#c",
        " # a: b",
        " 'q'",
        ' "d"',
        " 'it''s'",
        ' "a\\n"',
        " 'q' x",
        " 'q'#c",
        ' "a: b" # c',
        " [1, 2]",
        " [a, {b: c}]",
        " {a: 1, b: }",
        " {a: 1, a: 2}",
        " [a,]",
        " []",
        " {}",
        " [a b, 'c']",
        " {a:1}",
        ' {"a":1}',
        " [10:20:30]",
        " [a: b]",
        " {a: {b: [c]}} # d",
        " [x",
        " ]",
        " |",
        " >-",
        " &x y",
        " *x",
        " !!str x",
        " -1",
        " - x",
        " -x",
        " 012",
        " 0x1F",
        " 1_0",
        " ~",
        " null",
        " NO",
        " +5:30",
        " 1e3",
        " .5",
        " ...",
        " ---",
        " $",
        " ${var.x}",
        " @x",
        " `x",
        " %x",
        " x, y",
        " x]",
        " (x)",
        " é ü",
        " x\u00a0y",
        " x\t#c",
        "\tx",
        " 12345678901234567890",
        " ?",
        " ? x",
        " x ?",
        " =",
        " a - b",
        " a -",
        " http://x:80/y#z",
        " [http://x]",
        " [a -b, +c]",
        " [a - b]",
        " [-1]",
        " {k: -1}",
        " x\ry",
        " 'x\ry'",
        " x # c\rd: y",
    ]
)
lines = st.builds(
    lambda column, head, value: " " * column + head + value,
    st.sampled_from([0, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 6]),
    line_heads,
    line_values,
)
nearly_ordinary = st.lists(lines, min_size=1, max_size=7).map("\n".join) | st.lists(lines, min_size=1, max_size=7).map(
    lambda some: "---\n" + "\n".join(some) + "\n"
)


@given(nearly_ordinary, st.sampled_from([ANY, EVERYWHERE_TEXT]))
@laws
def test_the_quick_reader_agrees_at_the_edge_of_what_it_takes(text, shape):
    _agrees(text, shape)


ASSET_LINES = """\
apiVersion: declarative/v1
kind: Asset
metadata:
  name: web-1
  labels: {team: web, tier: front}
spec:
  connector: servicenow
  identityAttributes:
    hostName: web-1.
    serialNumber: 0123
    ipAddress:
      - 10.0.0.1
      - "::1"
    ipAddress: [10.0.0.1, ["x"]]
  # note: a comment
  coreAttributes:
    isContainer: false
    isContainer:
    biosInfo:
      totalMemory: 16384
      timeZone: +5:30   # of the site
      totalMemory:
    softwares:
    - name: nginx
      version: 1.24
    -   name: NO
        version: {major: [1, 2]}
    - {name: openssl, version: "3"}
    customConnectorAttributes:
      rack: ~
      own key: 7
    ports: []

  lifecycle: {ignore: [a.b]}
""".splitlines()
# Manifests whose lines are left out, repeated, moved and indented anew: the same line means something else elsewhere.
shuffled_assets = st.lists(
    st.tuples(st.sampled_from(range(len(ASSET_LINES))), st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, -2, 4])), max_size=30
).flatmap(
    lambda picks: st.sampled_from([picks, sorted(picks), [(at, 0) for at, _ in sorted(picks)]]).map(
        lambda chosen: "\n".join(_indented(ASSET_LINES[at], by) for at, by in chosen)
    )
)


def _indented(line: str, by: int) -> str:
    return " " * by + line if by >= 0 else line.removeprefix(" " * -by)


@laws
@given(shuffled_assets)
@example("\n".join(ASSET_LINES))
def test_the_quick_reader_agrees_on_a_kinds_lines_in_any_order(text):
    _agrees(text, shape_for("Asset"))


@laws
@given(st.lists(nearly_ordinary | shuffled_assets, min_size=2, max_size=5), st.booleans())
def test_what_the_quick_reader_learns_from_one_document_changes_no_other(texts, learned):
    shape = shape_for("Asset") if learned else Shape()
    for text in [*texts, *texts]:
        for document in documents_of(text.encode(), "f.yaml", LIMITS)[0]:
            quick = read_quickly(document, shape, LIMITS)
            if quick is not None:
                _spoil(quick[0])
        _agrees(text, shape)


def _spoil(value):
    """What a reader hands out is its receiver's to change."""
    for child in list(value.values()) if isinstance(value, dict) else value:
        if isinstance(child, (dict, list)):
            _spoil(child)
    if isinstance(value, dict):
        value["spoilt"] = True
    else:
        value.append("spoilt")


# What stands behind a key or a dash in documents that are otherwise alike.
behind = line_values.map(lambda text: text.removeprefix(" ")) | texts.filter(lambda text: "\n" not in text)
slots = st.lists(
    st.tuples(
        st.sampled_from(
            [("", "a: "), ("", "b:  "), ("c:\n", "  - "), ("d: # x\n", "  e: "), ("\n# c\n", "f%s: "), ("g:\n- h: 1\n", "  i: ")]
        ),
        behind,
        behind,
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda slot: slot[0],
)


@laws
@given(slots, st.sampled_from([ANY, EVERYWHERE_TEXT, shape_for("Asset")]), st.sampled_from(["", "\n"]), st.booleans())
@example([(("", "a: "), "x", "null"), (("", "b:  "), "1", "2")], EVERYWHERE_TEXT, "", True)
@example([(("", "a: "), "x", "y"), (("", "f%s: "), "'q'", "100 %")], EVERYWHERE_TEXT, "\n", True)
def test_a_mould_says_of_a_document_what_the_reference_says_or_nothing(slots, shape, end, learned):
    first, second = ("\n".join(before + head + said[which] for (before, head), *said in slots) + end for which in (0, 1))
    routes = Routes(shape, LIMITS.depth)
    document = RawDocument("f.yaml", first)
    if read_quickly(document, shape, LIMITS) is None:
        return
    lines = first.split("\n")
    at = next(at for at, line in enumerate(lines) if line.strip(" ") and line.strip(" ")[0] != "#")
    start = (at, len(lines[at]) - len(lines[at].lstrip(" ")))
    mould = mould_of(lines, start, routes)
    if mould is not None and learned:
        # As when another document of the same lines did not fit.
        with suppress(GiveUp, ScalarRefusedError):
            mould = mould_of(second.split("\n"), start, routes, mould) or mould
    for text in (first, second) if mould is not None and "\t" not in second and "\r" not in second else ():
        with suppress(GiveUp, ScalarRefusedError):
            said = mould.filled(text)
            if said is not None:
                value, found = reference(text, shape)
                assert not found
                assert repr(orjson.loads(said)) == repr(value)
                assert said == orjson.dumps(value)
                assert text is not first or mould.start == start


@pytest.mark.parametrize("text", ["'x\ry'", "x # c\rname: z", "{" + "k" * 1_025 + ": 1}", "1\n" + "k" * 1_025 + ": 1"])
def test_what_only_the_reference_understands_is_left_to_it(text):
    assert read_quickly(RawDocument("f.yaml", f"kind: {text}\n"), ANY, LIMITS) is None


@pytest.mark.parametrize("end", ["", "\r\n"])
def test_documents_that_are_alike_are_read_by_a_mould_once_there_are_enough_of_them(end):
    def text(number):
        lines = ASSET_LINES[:12] + ASSET_LINES[15:17] + ASSET_LINES[18:20]
        return "\n".join(lines).replace("web-1", f"web-{number:03}").replace("\n", end or "\n") + (end or "\n")

    shape = shape_of(schema_for("Asset"))  # that nothing was learned about
    read = [read_quickly(RawDocument("f.yaml", text(number), 7), shape, LIMITS) for number in range(500)]
    assert [number for number, quick in enumerate(read) if quick.json is None] == list(range(300))
    for number, quick in enumerate(read):
        value, found = reference(text(number), shape)
        assert (quick.value, quick.start, found) == (value, (7, 1), [])
        assert quick.json in (None, orjson.dumps(value))


def test_a_document_that_does_not_fit_is_read_all_the_same_and_the_next_mould_fits_it():
    shape = Shape(kinds=frozenset({"object"}), properties={"name": TEXT, "port": TEXT})
    ports = [f"{number:04}" for number in range(1_500)]
    texts = [f"name: web-{port}\nport: {port if port < '0500' else repr(port)}\n" for port in ports]
    read = [read_quickly(RawDocument("f.yaml", text), shape, LIMITS) for text in texts]
    assert [quick.value for quick in read] == [{"name": f"web-{port}", "port": port} for port in ports]
    assert [quick.json is not None for quick in read] == [False] * 300 + [True] * 200 + [False] * 600 + [True] * 400
    assert read_quickly(RawDocument("f.yaml", "name: web-1\nport: 1\n"), shape, LIMITS).json is not None


@laws
@given(st.lists(st.sampled_from([b"---", b"...", b"-", b".", b" ", b"a", b"\n", b"\r", b"\r\n"]), max_size=20))
def test_a_document_begins_where_a_line_begins_with_the_sign_for_it(parts):
    data = b"x\n" + b"".join(parts)
    documents, _ = documents_of(data, "f.yaml", LIMITS)
    ends = {document.extent[1] for document in documents[:-1]}
    for found in re.finditer(rb"(?<=[\r\n])(?:---(?=[ \t\r\n]|\Z)|\.\.\.(?:[ \t][^\r\n]*)?(?:\r\n|\r|\n))", data):
        is_end = found.group().startswith(b"...")
        assert not is_end or found.end() in ends or found.end() == len(data)
    assert all(data[end - 1 : end] in (b"\n", b"\r") for end in ends)


@laws
@given(mappings.map(yaml_text), st.sampled_from([ANY, EVERYWHERE_TEXT]))
def test_the_quick_reader_agrees_on_what_we_emit(text, shape):
    _agrees(text, shape)


def test_the_quick_reader_reads_ordinary_documents():
    text = "---\n# c\na: 1  # one\nb: [x, {y: z}]\nc:\n  - d: e\n    f: 'g'\n  - h\ni:\n- j:\n    k: \"l: m\"\nn: o p q\n"
    text += "r:\n- {s: t}\n- 'u: v'\n"
    expected = {"a": 1, "b": ["x", {"y": "z"}], "c": [{"d": "e", "f": "g"}, "h"], "i": [{"j": {"k": "l: m"}}], "n": "o p q"}
    expected["r"] = [{"s": "t"}, "u: v"]
    assert read_quickly(RawDocument("f.yaml", text), ANY, LIMITS) == (expected, (3, 1), None)


@given(yamlish | st.binary(max_size=80))
@laws
def test_any_bytes_give_a_result_or_located_findings(data):
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    documents, found = documents_of(raw, "f.yaml", LIMITS)
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    for document in documents:
        outcome = read_document(document, Context())
        found.extend(outcome.diagnostics)
        assert (outcome.manifest is None) or not outcome.diagnostics
    for one in found:
        assert isinstance(one.position, Position)
        assert one.position.file == "f.yaml"
        assert 1 <= one.position.line <= lines + 1
        assert one.position.column >= 1
        assert one.rule.count("/") == 1
        assert one.message


HEAD = "apiVersion: declarative/v1\nkind: {}\nmetadata: {{name: x}}\nspec:\n"


@given(st.sampled_from(["Asset", "Report", "Connector", "HostQuery", "ComponentQuery", "Project", "Nope"]), yamlish)
@laws
def test_any_text_below_a_manifests_head_gives_a_result_or_located_findings(kind, text):
    raw = (HEAD.format(kind) + "  " + text.replace("\n", "\n  ")).encode("utf-8", "surrogatepass")
    documents, _ = documents_of(raw, "f.yaml", LIMITS)
    for document in documents:
        outcome = read_document(document, Context())
        assert all(one.position for one in outcome.diagnostics)
        if outcome.manifest is not None:
            assert outcome.manifest.locate("/spec").file == "f.yaml"


@laws
@given(
    st.lists(
        st.sampled_from(["---\n", "a: 1\n", "# c\n", "\n", "...\n", "b: |\n  x\n", "%YAML 1.2\n", "c: [\n", "---"]), max_size=12
    )
)
def test_the_pieces_of_a_file_are_the_file(parts):
    data = "".join(parts).encode()
    documents, _ = documents_of(data, "f.yaml", LIMITS)
    assert "".join(document.text for document in documents).encode() == data
    line = 1
    for document in documents:
        assert document.line == line
        line += document.text.count("\n")


@laws
@given(
    st.lists(st.sampled_from(["---", "...", "#", " ", "\t", "\n", "\r", "a", "\x01", "-", ": ", "&", "%", "[", "ä"]), max_size=10)
)
@example([" ", "..."])
def test_a_piece_that_is_left_out_as_bare_has_nothing_to_say(parts):
    for piece in pieces_of("".join(parts).encode()):
        if piece.is_bare:
            document, wrong = document_of(piece, "f.yaml", LIMITS)
            assert (wrong, read_document(document, Context())) == ([], Outcome())


@laws
@given(st.lists(st.sampled_from(["a: 1\n", "a: 1\nb: [2]\n", "- x\n", "# c\na: 3\n"]), min_size=1, max_size=5))
def test_documents_read_one_by_one_are_what_the_whole_stream_says(parts):
    text = "---\n".join(parts)
    documents, _ = documents_of(text.encode(), "f.yaml", LIMITS)
    ours = [to_value(reading.root, ANY, []) for document in documents if (reading := read_nodes(document, LIMITS)).root]
    assert ours == list(yaml.safe_load_all(text))


@given(project=yamlish, manifest=yamlish)
@laws
def test_a_project_of_any_text_is_read_to_the_end(tmp_path_factory, project, manifest):
    root = tmp_path_factory.mktemp("p")
    (root / "manifests").mkdir()
    head = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: x}\nspec:\n  "
    (root / "declarative.yaml").write_bytes((head + project.replace("\n", "\n  ")).encode("utf-8", "surrogatepass"))
    (root / "manifests" / "a.yaml").write_bytes(manifest.encode("utf-8", "surrogatepass"))
    loaded = load(root, variables={"x": "1"}, environ={})
    assert all(one.position for one in loaded.diagnostics)


def _without_numbers(value):
    if isinstance(value, float):
        return None
    if isinstance(value, str):
        return "x" + value if value[:1] in "-+.0123456789" else value
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    if isinstance(value, dict):
        return {_without_numbers(key): _without_numbers(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("kind", ["Asset", "Report", "Project"])
def test_a_kind_has_a_shape(kind):
    assert shape_for(kind).properties["metadata"].properties["name"].text
