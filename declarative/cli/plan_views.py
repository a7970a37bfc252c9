"""A plan in every format, for `plan` and `show`."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.cli.output import Renderer
from declarative.plan.model import Plan

PLAN_FORMATS = ("text", "json", "markdown", "html")
DETAILS = ("names", "fields", "full")


def plan_views(plan: Plan, *, detail: str, list_all: bool) -> Mapping[str, Renderer]:
    from declarative import render
    from declarative.plan import codec

    digest = codec.digest(plan)
    return {
        "text": lambda color: render.plan_text(plan, color=color, detail=detail, list_all=list_all, digest=digest),
        "json": lambda _: render.json_text(codec.to_json(plan, list_all=list_all)),
        "markdown": lambda _: render.plan_markdown(plan, digest=digest),
        "html": lambda _: render.plan_html(plan, digest=digest),
    }
