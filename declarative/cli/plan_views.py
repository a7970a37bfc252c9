"""A plan in every format, for `plan` and `show`."""

from __future__ import annotations

from collections.abc import Mapping

from declarative.cli.output import Renderer
from declarative.plan.model import Plan

PLAN_FORMATS = ("text", "json", "markdown", "html")
DETAILS = ("names", "fields", "full")


def plan_views(plan: Plan, *, digest: str, detail: str, list_all: bool, title: str = "Plan") -> Mapping[str, Renderer]:
    """`digest`: the plan's own. `title`: what the document is, "Plan" or "Drift"."""

    def text(color: bool) -> str:
        from declarative.render.plan_text import plan_text

        return plan_text(plan, color=color, detail=detail, list_all=list_all, digest=digest, title=title)

    def json(_: bool) -> str:
        from declarative.plan import codec
        from declarative.render.plan_json import json_bytes

        return json_bytes(codec.to_json(plan, list_all=list_all, known=digest)).decode()

    def markdown(_: bool) -> str:
        from declarative.render.plan_markdown import plan_markdown

        return plan_markdown(plan, digest=digest, list_all=list_all, title=title)

    def html(_: bool) -> str:
        from declarative.render.plan_html import plan_html

        return plan_html(plan, digest=digest, list_all=list_all, title=title)

    return {"text": text, "json": json, "markdown": markdown, "html": html}
