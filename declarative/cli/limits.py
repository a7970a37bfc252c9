"""The safety limits' named overrides, as options. There is no blanket force."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--max-creates", type=click.IntRange(min=0), metavar="N", help="Allow up to N creates in this plan."),
    click.option("--max-updates", type=click.IntRange(min=0), metavar="N", help="Allow up to N updates in this plan."),
    click.option("--max-runs", type=click.IntRange(min=0), metavar="N", help="Allow up to N report runs in this plan."),
    click.option("--max-total", type=click.IntRange(min=0), metavar="N", help="Allow up to N writes in this plan."),
    click.option("--allow-empty-live", is_flag=True, help="Go on although the search shows none of the known assets."),
)
NAMES = ("max_creates", "max_updates", "max_runs", "max_total", "allow_empty_live")


def limit_options(function: F) -> F:
    """The function gets one `overrides` (plan.guard.Overrides) in their place."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        from declarative.plan.guard import Overrides

        return function(*args, overrides=Overrides(**{name: kwargs.pop(name) for name in NAMES}), **kwargs)

    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), wrapper)  # type: ignore[return-value]
