"""`declarative query`: a query of the project, or an ad-hoc one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

import click

from declarative.cli.options import Settings, global_options, output_options
from declarative.core.errors import UsageError
from declarative.core.exits import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from declarative.cli.output import Outputs
    from declarative.engine.workspace import Workspace
    from declarative.qualys.model import Reader
    from declarative.queries.model import Query, Target

FORMATS = ("table", "json", "jsonl", "csv", "yaml")
AD_HOC = ("hosts", "components")


def _complete_name(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in (*AD_HOC, *_project_queries(ctx)) if name.startswith(incomplete)]


def _project_queries(ctx: click.Context) -> list[str]:
    from contextlib import suppress
    from pathlib import Path

    from declarative.cli.options import Settings as Given
    from declarative.cli.session import runtime_for, workspace_for
    from declarative.core.errors import DeclarativeError

    parent = ctx.parent.params if ctx.parent is not None else {}
    folder = Path(parent.get("chdir") or "") / (ctx.params.get("chdir") or "")
    # A shell must not hear why a project cannot be read just now.
    with suppress(DeclarativeError, OSError):
        settings = Given(ctx.find_root().obj.console, chdir=folder)
        queries = workspace_for(settings, runtime_for(settings)).desired.queries
        return [query.address.partition("/")[2] for query in queries]
    return []


def _complete_columns(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from declarative.queries.records import complete_columns

    return list(complete_columns(_target(ctx), incomplete))


def _complete_sort(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from declarative.queries.records import complete_columns

    sign = incomplete[: len(incomplete) - len(incomplete.lstrip("-"))]
    return [sign + path for path in complete_columns(_target(ctx), incomplete.lstrip("-"))]


def _target(ctx: click.Context) -> Target:
    from declarative.queries.model import Target

    return Target.COMPONENTS if ctx.params.get("name") == "components" else Target.HOSTS


def _complete_filter(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from declarative.queries.parse import completions

    return list(completions(_target(ctx), incomplete))


@click.command("query")
@click.argument("name", metavar="NAME|hosts|components", shell_complete=_complete_name)
@click.option(
    "-f", "--filter", "filters", multiple=True, metavar="FIELD=OP=VALUE", shell_complete=_complete_filter, help="Repeatable."
)
@click.option("--any", "any_of", is_flag=True, help="Any filter suffices (OR), not all of them.")
@click.option("--asset-id", type=click.IntRange(min=1), metavar="ID", help="Only this asset.")
@click.option("--fields", metavar="A,B.C", shell_complete=_complete_columns, help="Columns: dotted paths into the records.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N records.")
@click.option("--sort", metavar="[-]FIELD", shell_complete=_complete_sort, help="Sort by this path (holds the result in memory).")
@click.option("--count", "count_only", is_flag=True, help="Only how many.")
@click.option("--explain", is_flag=True, help="Print the request instead of sending it.")
@click.option("--page-size", type=click.IntRange(1, 1000), metavar="N", help="Records a page: hosts to 300, components to 1000.")
@click.option("--max-pages", type=click.IntRange(min=1), metavar="N", help="Stop after N pages, and name the cursor.")
@click.option("--cursor", type=click.IntRange(min=0), metavar="ID", help="Go on after this cursor.")
@click.option("--max-wait", type=click.FloatRange(min=0), default=900.0, metavar="SECONDS", help="Bound on all waiting.")
@output_options(*FORMATS)
@global_options
def command(
    settings: Settings,
    name: str,
    filters: tuple[str, ...],
    any_of: bool,
    asset_id: int | None,
    fields: str | None,
    limit: int | None,
    sort: str | None,
    count_only: bool,
    explain: bool,
    page_size: int | None,
    max_pages: int | None,
    cursor: int | None,
    max_wait: float,
    outputs: tuple[str, ...],
    json_output: bool,
) -> ExitCode:
    """Run the HostQuery or ComponentQuery NAME, or an ad-hoc query over hosts or components.

    An ad-hoc query needs no project where QUALYS_BASE_URL is set. Records of json, jsonl and yaml are whole unless
    --fields chooses. In csv, text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    from declarative.cli.console import silence_broken_pipe
    from declarative.cli.output import parse_outputs
    from declarative.cli.session import reading_workspace_for, runtime_for, workspace_for
    from declarative.engine.querying import count_of
    from declarative.queries.dates import resolve
    from declarative.queries.select import columns_for

    views = parse_outputs(outputs, json=json_output, formats=FORMATS, base=settings.chdir, default="table")
    runtime = runtime_for(settings, max_wait=max_wait)
    workspace = (reading_workspace_for if name in AD_HOC else workspace_for)(settings, runtime)
    query = _query(workspace, name, filters, any_of=any_of, asset_id=asset_id, fields=fields)
    if name in AD_HOC:
        _warn_of_doubtful(settings, query)
    now = runtime.clock.now()
    query = resolve(query, now)
    _warn_of_unknown(settings, query, (*query.fields, *([sort.removeprefix("-")] if sort else [])))
    page_size = page_size or (workspace.project.page_size if query.target == "hosts" else None)
    if explain:
        from declarative.engine.explaining import curl_of

        url = runtime.base_url(workspace.project)
        settings.console.out(curl_of(query, url, page_size=page_size, after=cursor, count=count_only))
        return ExitCode.OK
    with runtime.reader(workspace.project) as reader:
        if count_only:
            settings.console.out(str(count_of(reader, query, now=now)))
            return ExitCode.OK
        stream = _Stream(reader, query, now, page_size=page_size, after=cursor, max_pages=max_pages, limit=limit)
        records: Iterable[Mapping[str, Any]] = stream
        if sort is not None:
            from declarative.queries.select import sort_records

            records = sort_records(records, sort)
        columns = columns_for(query.target, query.fields)
        try:
            _write(settings, views, records, columns, whole=not query.fields)
        except BrokenPipeError:
            silence_broken_pipe()  # `| head` has seen enough
            return ExitCode.OK
    if stream.cursor is not None:
        settings.console.note(f"stopped before the end; go on with --cursor {stream.cursor}")
    return ExitCode.OK


def _warn_of_doubtful(settings: Settings, query: Query) -> None:
    """What the API may refuse, or read otherwise than it looks; errors were refused already."""
    from declarative.queries.catalog import check_query

    for _, problem in check_query(query):
        if problem.severity == "warning":
            settings.console.note(f"warning: {problem.message}" + (f"; {problem.hint}" if problem.hint else ""))


def _warn_of_unknown(settings: Settings, query: Query, columns: tuple[str, ...]) -> None:
    """A list of known paths is no schema (facts 3.6), so an unknown one is worth a word, not an error."""
    from declarative.queries.records import unknown_columns

    for column, meant in unknown_columns(query.target, columns):
        hint = f"; did you mean {meant}?" if meant is not None else ""
        settings.console.note(f"warning: no record that we know of has {column!r}{hint}")


class _Stream:
    """Records of the pages, remembering where it stopped: `cursor` is where to go on, None at the end."""

    def __init__(
        self,
        reader: Reader,
        query: Query,
        now: datetime,
        *,
        page_size: int | None,
        after: int | None,
        max_pages: int | None,
        limit: int | None,
    ) -> None:
        self._reader, self._query, self._now = reader, query, now
        self._page_size, self._after, self._max_pages, self._limit = page_size, after, max_pages, limit
        self.cursor: int | None = None

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        from declarative.engine.querying import pages_of

        given = 0
        last: int | None = None
        for page in pages_of(
            self._reader, self._query, now=self._now, page_size=self._page_size, after=self._after, max_pages=self._max_pages
        ):
            self.cursor = page.cursor
            for record in page.records:
                if self._limit is not None and given == self._limit:
                    self.cursor = last
                    return
                yield record
                given += 1
                last = _cursor_after(self._query.target, record)
            if self._limit is not None and given >= self._limit:
                return


def _cursor_after(target: Target, record: Mapping[str, Any]) -> int | None:
    """Where to go on after a record in the middle of a page. Hosts come in the order of their ids; for components no
    record carries the cursor."""
    found = record.get("assetId") if target == "hosts" else None
    return found if isinstance(found, int) else None


def _query(
    workspace: Workspace, name: str, filters: tuple[str, ...], *, any_of: bool, asset_id: int | None, fields: str | None
) -> Query:
    import difflib

    from msgspec.structs import replace

    from declarative.queries.checked import checked_query
    from declarative.queries.model import Target

    chosen = tuple(part.strip() for part in fields.split(",") if part.strip()) if fields else ()
    if name in AD_HOC:
        return checked_query(Target(name), filters, any_of=any_of, asset_id=asset_id, fields=chosen)
    if filters or any_of:
        raise UsageError("--filter goes with 'query hosts' and 'query components'; a query of the project has its own")
    known = {query.address: query for query in workspace.desired.queries}
    found = [query for address, query in known.items() if name in (address, address.partition("/")[2])]
    if len(found) != 1:
        workspace.require_valid()
        names = [*AD_HOC, *known, *(address.partition("/")[2] for address in known)]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"queries of this project: {', '.join(known) or 'none'}"
        what = "no query" if not found else "more than one query"
        raise UsageError(f"{what} named '{name}'", hint=hint if not found else "give Kind/name")
    query = found[0]
    return replace(query, asset_id=asset_id or query.asset_id, fields=chosen or query.fields)


def _write(
    settings: Settings, views: Outputs, records: Iterable[Mapping[str, Any]], columns: tuple[str, ...], *, whole: bool
) -> None:
    """`whole`: no columns were asked for, so formats for machines get the whole records."""
    from declarative.core.files import write_atomic
    from declarative.render.table import write_rows

    console = settings.console
    width = terminal_width(console.stdout)
    if views.files:
        records = list(records)  # more than one view of one read

    def wanted(name: str) -> tuple[str, ...] | None:
        return None if whole and name not in ("table", "csv") else columns

    def to_stdout(text: str) -> None:
        console.out(text, end="")

    write_rows(views.stdout, records, wanted(views.stdout), to_stdout, color=console.color_out, width=width)
    for name, path in views.files:
        parts: list[str] = []
        write_rows(name, records, wanted(name), parts.append)
        write_atomic(path, console.redact("".join(parts)))


def terminal_width(stream: TextIO) -> int | None:
    """Characters a line of the terminal; None where there is no terminal, and nobody said COLUMNS."""
    import os
    import shutil

    return shutil.get_terminal_size().columns if stream.isatty() or os.environ.get("COLUMNS") else None
