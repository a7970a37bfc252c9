"""Laws of the query room."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from declarative.core.errors import UsageError
from declarative.queries.catalog import check_filter, check_query
from declarative.queries.dates import form_problem, parse_filter_date, parse_response_date, resolve, to_api
from declarative.queries.expect import matches
from declarative.queries.fields import ALL_OPERATORS, COMPONENT_FIELDS, HOST_FIELDS, Group
from declarative.queries.model import Filter, FilterDocument, Query, Target
from declarative.queries.parse import parse_filter
from declarative.queries.select import flatten, pick, sort_records, values_at

moments = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
fields = st.sampled_from([*HOST_FIELDS, *COMPONENT_FIELDS])
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20)
records = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc.", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(moments)
def test_what_is_sent_reads_back_as_the_same_second(moment):
    assert parse_filter_date(to_api(moment), moment) == moment.replace(microsecond=0)
    assert to_api(parse_filter_date(to_api(moment), moment)) == to_api(moment)


@given(moments)
def test_all_date_styles_of_an_answer_agree(moment):
    second = moment.replace(microsecond=0)
    text = to_api(second)
    millis = int((second - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    styles = (text, text.replace("Z", ".000Z"), text[:10] + " " + text[11:19], millis, str(millis))
    assert {parse_response_date(style) for style in styles} == {second}


@given(st.text(max_size=30), moments)
def test_the_form_check_and_the_parser_never_disagree(text, now):
    try:
        parse_filter_date(text, now)
        parsed = True
    except ValueError:
        parsed = False
    assert (form_problem(text) is None) == parsed


@given(fields, st.sampled_from(ALL_OPERATORS), st.text(max_size=20))
def test_checking_a_filter_never_fails_and_resolving_an_accepted_one_works(field, operator, value):
    target = Target.COMPONENTS if field in COMPONENT_FIELDS else Target.HOSTS
    row = Filter(field, operator, value)
    query = Query("q", target, FilterDocument((row,)))
    spec = (COMPONENT_FIELDS if target is Target.COMPONENTS else HOST_FIELDS)[field]
    if not check_filter(target, row):
        sent = resolve(query, datetime(2026, 1, 1, tzinfo=UTC)).filters.filters[0].value
        assert sent == value or spec.group is Group.DATE
    assert all(pointer == "/filters/0" for pointer, _ in check_query(query))


@given(fields, st.sampled_from(ALL_OPERATORS), st.text(min_size=1, max_size=30))
def test_a_filter_written_out_is_read_back_whatever_its_value(field, operator, value):
    assert parse_filter(f"{field}={operator}={value}") == Filter(field, operator, value)


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_usage_error(text):
    try:
        row = parse_filter(text)
    except UsageError as error:
        assert error.hint  # noqa: PT017
    else:
        assert row.field
        assert row.value


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), records, max_size=4), st.text("abc.", min_size=1, max_size=8))
def test_reaching_into_any_record_never_fails(record, path):
    values_at(record, path)
    pick(record, path)
    flatten(record)


@given(st.lists(st.fixed_dictionaries({"v": records}), max_size=8))
def test_sorting_keeps_every_record_and_puts_the_absent_last(rows):
    ordered = sort_records(rows, "v")
    assert len(ordered) == len(rows)
    absent = [pick(row, "v") is None for row in ordered]
    assert absent == sorted(absent)


@given(scalars, st.text(max_size=10), moments)
def test_the_operators_are_consistent_with_each_other(value, wanted, now):
    assert matches(value, "NOT_EQUALS", wanted, now) != matches(value, "EQUALS", wanted, now)
    if value is not None:
        at_most = matches(value, "LESS_THAN_EQUAL", wanted, now)
        assert at_most == (matches(value, "LESSER", wanted, now) or matches(value, "EQUALS", wanted, now))
        assert at_most != matches(value, "GREATER", wanted, now)
