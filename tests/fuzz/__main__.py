"""Fuzzing of the reader, the validator, the rules and the formatter: `make fuzz`, or

    python -m tests.fuzz [--seconds 60 | --inputs N] [--seed S]

Inputs are mutations of right manifests of every kind and of odd YAML. An input that makes the tool say something it has not
said before (a new set of rules) joins the corpus, so that later mutations start from there. Each input must end with a value
or located findings, in time (2 s a MB, at least 2 s) and within 512 MB; what is formatted must mean the same. The seed
reproduces a run; a failing input is written to a file that is named.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from declarative.core.diagnostics import Diagnostic
from declarative.kinds import lower
from declarative.manifest import load
from declarative.manifest.emit import yaml_text
from declarative.manifest.format import format_text
from declarative.schema import registry

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: p}\nspec:\n  variables: {v: 1}\n"
ODD = [
    "a: &x [1, *x]\n",
    "? [a]\n: b\n",
    "- !!binary aGk=\n",
    'a: "\\ud800"\n',
    "%YAML 1.1\n---\na: 0777\n...\nb: 1\n",
    "a: |+2\n   x\n\n\nb: >-\n y\n",
    "{a: [b, {c: d}], e: }\n",
    "a: ${var.v}${env.HOME\n",
    "\ufeffa:\r\n  - b\r  - c\n",
]
PIECES = [
    *": - , [ ] { } & * ! | > ' \" # % @ ` ? ~ = << --- ... \\".split(),  # noqa: SIM905 - a list of quotes reads worse
    "\n", "\r\n",
    "\t", " ", "  ", "\0", "\x85", "\u2028", "\u202e", "\ud800", "\U0001f600", "é", "null", "0x1F", "1e999", "9" * 40,
    ".nan", "*a", "&a ", "!!str ", "${var.v}", "${", "$${", "spec:\n", "kind: ", "10.0.0.999", "now-9999999999d", "- - - - ",
]  # fmt: skip


class TooSlowError(Exception):
    pass


def seeds() -> list[str]:
    examples = [yaml_text(example) for kind in registry.kinds() for example in registry.schema_for(kind).get("examples", ())]
    return [*examples, "---\n".join(examples[:4]), *ODD]


def mutated(corpus: list[str], dice: random.Random) -> bytes:
    text = dice.choice(corpus)
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        at, to = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        match dice.randrange(8):
            case 0:
                text = text[:at] + dice.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[to:]
            case 2:
                text = text[:at] + text[at:to] * dice.choice((2, 2, 3, 30)) + text[to:]
            case 3:
                other = dice.choice(corpus)
                cut = dice.randrange(len(other) + 1)
                text = text[:at] + other[cut : cut + dice.randrange(200)] + text[at:]
            case 4:
                lines = text.splitlines(keepends=True)
                dice.shuffle(lines)
                text = "".join(lines)
            case 5:
                lines = text.splitlines(keepends=True) or [""]
                index = dice.randrange(len(lines))
                lines[index] = " " * dice.randrange(9) + lines[index].lstrip(" ")
                text = "".join(lines)
            case 6:
                text = text[:at] + dice.choice("[{") * dice.choice((5, 100, 3000)) + text[at:]
            case _:
                lines = text.splitlines(keepends=True) or [""]
                index = dice.randrange(len(lines))
                key, colon, _ = lines[index].partition(":")
                lines[index] = f"{key}{colon} {dice.choice(PIECES)}\n"
                text = "".join(lines)
    data = text[:200_000].encode("utf-8", "surrogatepass")
    if dice.random() < 0.1 and data:
        at = dice.randrange(len(data))
        data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
    return data


def check(folder: Path, data: bytes) -> frozenset[str]:
    """Everything that is said about an input as the one manifest file of a project. Raises where a promise is broken."""
    file = folder / "manifests" / "a.yaml"
    file.write_bytes(data)
    loaded = load(folder, environ={})
    found: list[Diagnostic] = [*loaded.diagnostics, *lower(loaded, now=NOW).diagnostics]
    lines = max(data.count(b"\n"), 0) + data.count(b"\r") + 1
    for one in found:
        assert one.position is not None, f"no place: {one}"
        assert 1 <= one.position.line <= lines, f"no such line: {one}"
        assert one.message, one
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return frozenset(one.rule for one in found)
    formatted = format_text(text, "manifests/a.yaml")
    if formatted.changed:
        assert format_text(formatted.text, "manifests/a.yaml").text == formatted.text, "formatting is not done at once"
        file.write_text(formatted.text, encoding="utf-8", newline="")
        again = load(folder, environ={})
        ours, theirs = ([(one.address, one.metadata, one.spec) for one in each.manifests] for each in (loaded, again))
        assert ours == theirs, "formatting changes the meaning"
    return frozenset(one.rule for one in found)


def peak_mb() -> float:
    """The most memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike ru_maxrss this does not start with what the process that started this one had in use.
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the reader, the validator, the rules and the formatter.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inputs", type=int, help="stop after so many inputs instead")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    dice, corpus, seen = random.Random(options.seed), seeds(), Counter[frozenset[str]]()

    def too_slow(*_: object) -> None:
        raise TooSlowError("more than 2 s a MB")

    signal.signal(signal.SIGVTALRM, too_slow)
    begun, done = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "manifests").mkdir()
        (folder / "declarative.yaml").write_text(PROJECT)
        while done < options.inputs if options.inputs else time.monotonic() - begun < options.seconds:
            data = corpus[done].encode() if done < len(corpus) and not seen[frozenset()] > len(corpus) else mutated(corpus, dice)
            # Processor time, so that a busy machine is not taken for a slow reader; the file is read four times.
            signal.setitimer(signal.ITIMER_VIRTUAL, 4 * max(2.0, 2.0 * len(data) / 1e6))
            try:
                said = check(folder, data)
            except BaseException as error:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
                if isinstance(error, KeyboardInterrupt):
                    raise
                culprit = Path(tempfile.gettempdir()) / f"declarative-fuzz-{options.seed}-{done}.yaml"
                culprit.write_bytes(data)
                traceback.print_exc()
                print(f"FAILED at input {done} of seed {options.seed}: {error!r}; the input is in {culprit}")
                return 1
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            done += 1
            seen[said] += 1
            if seen[said] == 1 and len(data) < 20_000:
                corpus.append(data.decode("utf-8", "replace"))
    peak = peak_mb()
    rules = frozenset[str]().union(*seen)
    print(
        f"{done} inputs in {time.monotonic() - begun:.0f} s, seed {options.seed}: {len(seen)} different outcomes,"
        f" {len(rules)} rules, {peak:.0f} MB"
    )
    if peak > 512:
        print("FAILED: more than 512 MB")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
