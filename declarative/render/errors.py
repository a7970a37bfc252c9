"""An exception that ends a run, as text: what happened, at which request, what to do next."""

from __future__ import annotations

from declarative.core.errors import ApiError, DeclarativeError, FailedRequest, InvalidError
from declarative.render.diagnostics import diagnostics_text
from declarative.render.escape import plain
from declarative.render.style import Style, style_for

_BODY_LINES = 6
_BODY_WIDTH = 300


def error_text(error: DeclarativeError, *, color: bool = False) -> str:
    """Message, diagnostics where it carries some, the failed request with the server's own words, and the hint."""
    style = style_for(color)
    lines = [f"{style('error', 'Error:')} {_indented(plain(error.message, lines=True))}"]
    if isinstance(error, InvalidError) and error.diagnostics:
        lines += ["", diagnostics_text(error.diagnostics, color=color).rstrip("\n")]
    if isinstance(error, ApiError) and error.request is not None:
        lines += _request(error.request, error.message, style)
    if error.hint:
        lines.append(f"  {style('info', 'hint:')} {_indented(plain(error.hint, lines=True))}")
    return "\n".join(lines) + "\n"


def _request(request: FailedRequest, message: str, style: Style) -> list[str]:
    """What the message has not said already."""
    lines = [] if str(request) in message else [f"  {style('dim', 'request:')} {plain(request)}"]
    if request.request_id:
        lines.append(f"  {style('dim', 'request id:')} {plain(request.request_id)}")
    body = [] if request.body.strip() in message else [line.rstrip() for line in request.body.splitlines() if line.strip()]
    for number, line in enumerate(body[:_BODY_LINES]):
        label = style("dim", "answer:") if number == 0 else "       "
        cut = line if len(line) <= _BODY_WIDTH else line[:_BODY_WIDTH] + " ..."
        lines.append(f"  {label} {plain(cut)}")
    if len(body) > _BODY_LINES:
        lines.append(f"          ({len(body) - _BODY_LINES} more lines)")
    return lines


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
