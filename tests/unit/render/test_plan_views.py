"""What a reviewer reads: golden views of a plan with every action, and the rules behind them."""

import json

import pytest
from msgspec.structs import replace

from declarative.plan.codec import to_json
from declarative.plan.model import Action, Basis, Calls, Change, FieldChange, Plan, Quota, StateMark
from declarative.render.plan_html import plan_html
from declarative.render.plan_json import json_bytes
from declarative.render.plan_markdown import plan_markdown, sticky_marker
from declarative.render.plan_text import plan_text

DIGEST = "sha256:" + "b" * 64


def bare(*changes, **options):
    return Plan("acme", None, "https://example.test", "0.1.0", "sha256:0", StateMark("l", 1), tuple(changes), **options)


def update(name, *fields, reason="differs"):
    return Change(f"Asset/{name}", "Asset", Action.UPDATE, reason, 7, "serialNumber", None, tuple(fields))


@pytest.mark.parametrize("detail", ["names", "fields", "full"])
def test_the_text_of_a_plan_with_every_action(rich_plan, golden, detail):
    golden(f"plan.{detail}.txt", plan_text(rich_plan, detail=detail, list_all=detail == "full", digest=DIGEST))


def test_the_coloured_text_is_the_plain_text_with_colours(rich_plan, golden):
    coloured = plan_text(rich_plan, color=True, digest=DIGEST)
    golden("plan.color.txt", coloured)


def test_the_markdown_of_a_plan_with_every_action(rich_plan, golden):
    golden("plan.md", plan_markdown(rich_plan, digest=DIGEST))


def test_the_html_of_a_plan_with_every_action(rich_plan, golden):
    golden("plan.html", plan_html(rich_plan, digest=DIGEST))


def test_the_json_of_a_plan_with_every_action(rich_plan, golden):
    document = to_json(rich_plan, list_all=True)
    assert document.pop("digest").startswith("sha256:")
    golden("plan.json", json_bytes(document).decode())


def test_every_action_is_in_every_view(rich_plan):
    everything = plan_text(rich_plan, list_all=True), plan_markdown(rich_plan, list_all=True), plan_html(rich_plan, list_all=True)
    for change in rich_plan.changes:
        for view in everything:
            assert change.address in view


def test_the_summary_stands_first_and_last(rich_plan):
    lines = plan_text(rich_plan).splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("Plan: 1 blocked, 1 to create, 3 to update")


def test_unchanged_objects_are_counted_and_listed_only_when_asked(rich_plan):
    assert "1 unchanged" in plan_text(rich_plan)
    assert "Asset/same-01" not in plan_text(rich_plan)
    assert "Asset/same-01" in plan_text(rich_plan, list_all=True)


def test_a_plan_without_changes_says_so():
    same = Change("Asset/a", "Asset", Action.UNCHANGED, "in sync")
    assert plan_text(bare(same)).splitlines()[0] == "Plan: no changes; 1 unchanged."
    assert plan_text(bare()).splitlines()[0] == "Plan: nothing declared, nothing to do."


def test_identical_changes_are_shown_once_with_all_their_objects():
    field = FieldChange("coreAttributes.businessMetaData.department", "Sales", "Engineering", Basis.LIVE)
    text = plan_text(bare(*(update(f"web-{n:02}", field) for n in range(30))))
    assert text.count('"Sales" -> "Engineering"') == 1
    assert "30 Asset objects with the same change" in text
    assert "Asset/web-29" in text


def test_changes_that_differ_in_basis_are_not_grouped():
    live = FieldChange("x", 1, 2, Basis.LIVE)
    assert "objects" not in plan_text(bare(update("a", live), update("b", replace(live, basis=Basis.APPLIED))))


def test_a_list_is_compared_as_a_set_and_shows_only_what_differs():
    field = FieldChange(
        "coreAttributes.softwares", [f"app-{n}" for n in range(50)], [f"app-{n}" for n in range(49, 0, -1)], Basis.LIVE
    )
    text = plan_text(bare(update("a", field)))
    assert '- "app-0"' in text
    assert "app-17" not in text
    assert "(49 items the same)" in text


def test_a_long_value_is_cut_unless_everything_is_asked_for():
    field = FieldChange("coreAttributes.lastLoggedOnUser", "short", "x" * 500, Basis.LIVE)
    assert "x" * 500 not in plan_text(bare(update("a", field)))
    assert "500 characters" in plan_text(bare(update("a", field)))
    assert "x" * 500 in plan_text(bare(update("a", field)), detail="full")


def test_an_unknown_detail_is_refused():
    with pytest.raises(ValueError, match="names, fields, full"):
        plan_text(bare(), detail="some")


def test_why_a_plan_cannot_be_applied_is_told_at_both_ends(rich_plan):
    text = plan_text(rich_plan)
    line = "This plan cannot be applied: 1 safety limit exceeded, 1 check failed."
    assert text.count(line) == 2
    assert line.replace("applied: ", "applied:** ") in plan_markdown(rich_plan)


@pytest.mark.parametrize("view", [plan_text, plan_markdown, plan_html])
def test_a_narrowed_or_unrefreshed_plan_is_marked_in_every_view(view):
    text = view(bare(narrowed=("--target Asset/web-*",), refresh="none"))
    assert "--target Asset/web-*" in text
    assert "cannot be applied" in text


def test_calls_are_held_against_the_quota():
    short = bare(calls=Calls(1, 10, 0), quota=Quota(300, 4, 3600))
    assert "apply needs 6 more and will have to wait" in plan_text(short)
    assert "wait" not in plan_text(replace(short, quota=Quota(300, 200, 3600)))
    assert "quota" not in plan_text(replace(short, quota=Quota()))


def test_an_exceeded_limit_names_value_limit_and_override(rich_plan):
    text = plan_text(rich_plan)
    assert "value 3, limit 30 % of 9 assets; to lift it: --allow-updates 3" in text


def test_the_views_do_not_depend_on_anything_but_the_plan(rich_plan):
    for view in (plan_text, plan_markdown, plan_html):
        assert view(rich_plan) == view(rich_plan)


def many(number):
    return bare(
        *(
            update(f"web-{n:05}", FieldChange("coreAttributes.address", f"10.0.0.{n}", f"10.1.0.{n}", Basis.LIVE))
            for n in range(number)
        )
    )


@pytest.mark.parametrize("limit", [800, 2_000, 32_768, 65_536])
def test_markdown_keeps_to_its_budget_and_cuts_between_objects(limit):
    text = plan_markdown(many(2_000), limit=limit, digest=DIGEST)
    assert len(text.encode()) <= limit
    assert text.startswith(sticky_marker("acme"))
    assert text.count("```") % 2 == 0
    assert text.count("<details") == text.count("</details>")
    if limit > 2_000:
        shown = text.count("! Asset/web-")
        assert shown > 10
        assert text.count("+ coreAttributes.address") == shown
        assert f"{2_000 - shown} more objects not shown" in text


def test_markdown_counts_bytes_not_characters():
    wide = bare(
        *(update(f"w{n}", FieldChange("coreAttributes.hostName", None, "漢" * 80 + str(n), Basis.LIVE)) for n in range(300))
    )
    assert len(plan_markdown(wide, limit=20_000).encode()) <= 20_000


def test_a_group_larger_than_the_budget_is_cut_within():
    field = FieldChange("coreAttributes.address", "a", "b", Basis.LIVE)
    text = plan_markdown(bare(*(update(f"web-{n:05}", field) for n in range(5_000))), limit=30_000)
    shown = text.count("! Asset/web-")
    assert 100 < shown < 5_000
    assert f"{5_000 - shown} more objects not shown" in text


def test_a_stale_plan_is_struck_out_and_folded_away(rich_plan):
    text = plan_markdown(rich_plan, stale="superseded by a newer commit")
    assert text.startswith(sticky_marker("acme", "prod"))
    assert "### ~~Plan for `acme`, environment `prod`~~" in text
    assert "superseded by a newer commit" in text


def test_each_project_and_environment_has_its_own_marker():
    markers = {sticky_marker("a"), sticky_marker("a", "prod"), sticky_marker("b"), sticky_marker("a", purpose="drift")}
    assert len(markers) == 4
    assert all(marker.startswith("<!-- declarative:") and marker.count("-->") == 1 for marker in markers)


def test_html_has_no_reference_to_any_network(rich_plan):
    page = plan_html(rich_plan)
    for needle in ("src=", "href=", "@import", "url(", "fetch(", "XMLHttp"):
        assert needle not in page
    assert "default-src &#x27;none&#x27;" in page
    assert "unsafe" not in page


def test_html_keeps_to_a_bounded_number_of_objects_and_tells_of_the_rest():
    page = plan_html(many(5_010))
    assert page.count('<details class="change"') == 5_000
    assert "10 more objects not shown" in page


def test_json_is_safe_to_print_and_still_the_same_value():
    value = {"name": "a\u202eb\x1b[31m\x9b0m\u200b\ud800 ##[error]x", "ok": "漢字 é"}
    text = json_bytes(value).decode()
    assert json.loads(text) == value
    assert "漢字 é" in text
    assert not any(char in text for char in "\u202e\x1b\x9b\u200b")
    assert "##[" not in text


def test_a_new_list_that_does_not_fit_in_a_line_gets_a_line_an_item():
    ports = [{"port": str(port), "protocol": "TCP", "description": "some service"} for port in range(20)]
    create = Change(
        "Asset/a", "Asset", Action.CREATE, "new", fields=(FieldChange("coreAttributes.ports", None, ports, Basis.LIVE),)
    )
    text = plan_text(bare(create))
    assert "+ coreAttributes.ports: 20 items\n" in text
    assert '        {"port": "11",' in text
    assert "... and 8 more (--detail full)" in text
    assert "more (--detail full)" not in plan_text(bare(create), detail="full")


def test_only_the_calls_there_are_get_named():
    assert "apply: 1 call (1 sync)\n" in plan_text(bare(calls=Calls(1, 1, 0)))
    assert "apply: 0 calls\n" in plan_text(bare(calls=Calls(1, 0, 0)))


def test_drift_is_called_by_its_name_and_has_its_own_comment(rich_plan):
    assert plan_text(rich_plan, title="Drift").startswith("Drift: 1 blocked")
    assert plan_text(bare(), title="Drift").splitlines()[0] == "Drift: nothing to compare."
    assert "<h1>Drift for acme (prod)</h1>" in plan_html(rich_plan, title="Drift")
    drift = plan_markdown(rich_plan, title="Drift")
    assert drift.startswith(sticky_marker("acme", "prod", purpose="drift"))
    assert not drift.startswith(sticky_marker("acme", "prod"))
