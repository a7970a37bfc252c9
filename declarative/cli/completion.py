"""Completion in bash.

Bash splits words at `=`, so what a filter such as `asset.name=CONT` needs can be told only from the whole line: it is
passed on as it stands, split here, and what bash took for finished is cut off each answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

_SIGNED = ("--sort",)
"""Options whose value may begin with a dash."""

_SOURCE = """\
%(complete_func)s() {
    local IFS=$'\\n' item type value
    COMPREPLY=()
    for item in $(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_BREAKS="$COMP_WORDBREAKS" \\
            %(complete_var)s=bash_complete "$1" 2>/dev/null); do
        type="${item%%%%,*}" value="${item#*,}"
        case "$type" in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done
    if [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]%%=}" != "${COMPREPLY[0]}" ]; then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class LineComplete(BashComplete):
    source_template = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        incomplete = "" if not words or line[-1:].isspace() else words.pop()
        return words, incomplete

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        # `--sort -name`: for Click a word with a dash is the beginning of an option, never the value of one.
        option, equals, value = incomplete.partition("=")
        before = [*args, option] if equals and option in _SIGNED else args
        word = value if before is not args else incomplete
        if not (before and before[-1] in _SIGNED and word.startswith("-")):
            return super().get_completions(args, incomplete)
        return [CompletionItem(f"-{item.value}", type=item.type) for item in super().get_completions(before, word[1:])]

    def complete(self) -> str:
        return "\n".join(self._lines(*self.get_completion_args()))

    def _lines(self, args: list[str], incomplete: str) -> Iterator[str]:
        # The values after `--option=` come without the option.
        value = incomplete.partition("=")[2] if incomplete.startswith("--") else incomplete
        done = _finished(value, os.environ.get("COMP_BREAKS", "="))
        for item in self.get_completions(args, incomplete):
            cut = done if str(item.value).startswith(value[:done]) else 0
            yield self.format_completion(CompletionItem(str(item.value)[cut:], type=item.type))


def _finished(word: str, breaks: str) -> int:
    """How many characters of the word stand before what bash will replace."""
    return max((word.rfind(sign) + 1 for sign in "=:" if sign in breaks), default=0)


def register() -> None:
    add_completion_class(LineComplete)
