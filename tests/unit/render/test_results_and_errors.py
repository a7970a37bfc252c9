"""What became of an apply, and what stopped a run."""

from msgspec.structs import replace

from declarative.core.diagnostics import Diagnostic, Position, Severity
from declarative.core.errors import ApiError, BlockedError, FailedRequest, InvalidError
from declarative.plan.model import Action, OutcomeKind
from declarative.render.errors import error_text
from declarative.render.plan_json import json_bytes
from declarative.render.plan_markdown import sticky_marker
from declarative.render.result_markdown import result_markdown
from declarative.render.result_text import result_json, result_text


def test_the_text_of_a_result_with_every_outcome(rich_result, golden):
    golden("result.txt", result_text(rich_result))


def test_the_json_of_a_result_with_every_outcome(rich_result, golden):
    golden("result.json", json_bytes(result_json(rich_result)).decode())


def test_the_markdown_of_a_result_with_every_outcome(rich_result, golden):
    text = result_markdown(rich_result)
    golden("result.md", text)
    assert text.startswith(sticky_marker("acme", "prod", purpose="apply"))


def test_the_markdown_of_a_result_keeps_to_its_budget_and_what_failed(rich_result):
    failed, fine = rich_result.results[2], rich_result.results[1]
    many = replace(rich_result, results=(failed, *(replace(fine, address=f"Asset/{n:05}") for n in range(3_000))))
    text = result_markdown(many, limit=20_000)
    assert len(text.encode()) <= 20_000
    assert "Invalid ipAddress" in text
    assert f"{3_000 - text.count('Asset/0')} more objects not shown" in text


def test_what_needs_attention_comes_before_what_went_well(rich_result):
    text = result_text(rich_result)
    assert text.index("Report/s") < text.index("Asset/c") < text.index("Asset/d") < text.index("Asset/b")
    assert "declarative report resolve" in text


def test_an_asset_that_was_accepted_but_never_seen_gets_the_likely_cause(rich_result):
    text = result_text(rich_result)
    assert "1 accepted, but not yet in the inventory" in text
    assert "identification rule" in text


def test_what_to_do_about_an_uncertain_outcome_depends_on_whether_it_may_be_done_twice(rich_result):
    sent = replace(rich_result.results[0], outcome=OutcomeKind.UNCERTAIN, action=Action.UPDATE, error="the answer never came")
    run = replace(sent, action=Action.RUN)
    assert "sending it once more is harmless" in result_text(replace(rich_result, results=(sent,)))
    assert "declarative report resolve" not in result_text(replace(rich_result, results=(sent,)))
    assert "declarative report resolve" in result_text(replace(rich_result, results=(run,)))


def test_a_result_counts_every_outcome(rich_result):
    document = result_json(rich_result)
    assert document["summary"] == {"applied": 3, "failed": 1, "skipped": 1, "stale": 1, "uncertain": 1}
    assert [entry["address"] for entry in document["changes"]] == [entry.address for entry in rich_result.results]
    assert {"outcome", "error", "requestId", "fileUuid"} <= set(document["changes"][0])


def test_nothing_to_do_is_said_in_words(rich_result):
    assert result_text(replace(rich_result, results=(), interrupted=False)).startswith("Apply: nothing to do.")


def test_an_api_error_shows_the_request_and_the_servers_own_words():
    request = FailedRequest(
        "POST", "/rest/2.0/search/am/asset", 400, "rq-9", '{"responseCode":"FAILED",\n"responseMessage":"bad field"}', 2
    )
    assert error_text(ApiError("the API refused the filter", request=request, hint="Check the field name.")) == (
        "Error: the API refused the filter\n"
        "  request: POST /rest/2.0/search/am/asset: HTTP 400 after 2 attempts\n"
        "  request id: rq-9\n"
        '  answer: {"responseCode":"FAILED",\n'
        '          "responseMessage":"bad field"}\n'
        "  hint: Check the field name.\n"
    )


def test_a_long_answer_is_cut():
    body = "\n".join(f"<p>line {n}</p>" for n in range(500)) + "x" * 5_000
    text = error_text(ApiError("no JSON", request=FailedRequest("GET", "/x", 502, body=body)))
    assert text.count("\n") < 12
    assert "494 more lines" in text


def test_an_invalid_project_shows_its_diagnostics():
    found = Diagnostic(Severity.ERROR, "yaml/duplicate-key", "key name is there twice", Position("a.yaml", 4, 3))
    text = error_text(InvalidError("the manifests are not valid", diagnostics=[found]))
    assert "a.yaml:4:3: error: key name is there twice [yaml/duplicate-key]" in text


def test_a_plain_error_is_one_line_and_several_lines_stay_indented():
    assert error_text(BlockedError("limit exceeded")) == "Error: limit exceeded\n"
    assert error_text(BlockedError("two things:\na\nb")) == "Error: two things:\n    a\n    b\n"


def test_what_the_message_says_already_is_not_said_again():
    request = FailedRequest("POST", "/auth", None, attempts=4, body="refused")
    assert (
        error_text(ApiError(f"{request}: refused", request=request)) == "Error: POST /auth: no answer after 4 attempts: refused\n"
    )
