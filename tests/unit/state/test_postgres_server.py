"""What is special about a server: logins, schemas, connections that break, clocks that are wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
import pytest

from declarative.assets.model import AppliedAsset
from declarative.core.errors import InvalidError, LockedError, StateError
from declarative.state import SqlStore, open_store
from declarative.state.model import IntentKind, Outcome, OutcomeStatus, Run
from declarative.state.postgres import ServerConnection

Opener = Callable[..., SqlStore]
Assets = Callable[..., AppliedAsset]


def changed(url: str, *, user: str | None = None, path: str | None = None, **options: str) -> str:
    parts = urlsplit(url)
    before, _, host = parts.netloc.rpartition("@")
    netloc = f"{before if user is None else user}@{host}"
    query = urlencode(dict(parse_qsl(parts.query)) | options)
    return urlunsplit(parts._replace(netloc=netloc, path=parts.path if path is None else path, query=query))


class Wrong:
    """The clock of a machine that is a day ahead."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=1)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing to wait for")


def test_a_server_that_is_not_there_is_named_without_the_password(opened: Opener) -> None:
    with pytest.raises(StateError) as refused:
        opened("postgresql://ana:hunter2-secret@127.0.0.1:1/acme?connect_timeout=2")
    said = refused.value.message + str(refused.value.hint)
    assert "postgresql://ana:***@127.0.0.1:1/acme" in said
    assert "cannot be reached" in said
    assert "hunter2" not in said
    assert "hunter2" not in repr(refused.value.__cause__)


def test_a_password_among_the_options_is_hidden_too(opened: Opener) -> None:
    with pytest.raises(StateError) as refused:
        opened("postgresql://ana@127.0.0.1:1/acme?connect_timeout=2&password=hunter2-secret&sslpassword=hunter3-secret")
    assert "hunter" not in refused.value.message + str(refused.value.hint)
    assert "acme" in refused.value.message


def test_a_database_that_is_not_there_is_said(postgres_server: str, opened: Opener) -> None:
    with pytest.raises(StateError) as refused:
        opened(changed(postgres_server, path="/nowhere"))
    assert "no such database" in refused.value.message or "does not exist" in refused.value.message


def test_a_user_who_may_not_make_the_schema_is_told_what_is_missing(postgres_url: str, opened: Opener) -> None:
    admin = opened(postgres_url)
    with admin._backend.write() as connection:
        connection.execute("DROP ROLE IF EXISTS declarative_test_guest")
        connection.execute("CREATE ROLE declarative_test_guest LOGIN")
    guest = changed(postgres_url, user="declarative_test_guest", schema="elsewhere")
    try:
        with pytest.raises(StateError) as refused:
            opened(guest)
        assert "permission is denied" in refused.value.message
        assert "CREATE" in str(refused.value.hint)
    finally:
        with admin._backend.write() as connection:
            connection.execute("DROP ROLE declarative_test_guest")


def test_two_schemas_of_one_database_are_two_states(postgres_url: str, opened: Opener, asset: Assets) -> None:
    one = opened(postgres_url)
    other = opened(changed(postgres_url, schema="another_one"))
    one.put([asset()])
    one.acquire("ana")
    assert other.mark.lineage != one.mark.lineage
    assert other.get("Asset/web-01") is None
    other.acquire("ben").check()


@pytest.mark.parametrize("schema", ["Acme", "a-b", 'x"; DROP TABLE y; --', "é"])
def test_a_schema_name_that_would_need_quoting_is_refused(postgres_server: str, opened: Opener, schema: str) -> None:
    with pytest.raises(StateError, match="no usable schema"):
        opened(changed(postgres_server, schema=schema))


def test_a_connection_that_the_server_cut_is_made_again(postgres_url: str, opened: Opener, asset: Assets) -> None:
    store, admin = opened(postgres_url), opened(postgres_url)
    store.put([asset("a")])
    with admin._backend.read() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'declarative' AND pid <> pg_backend_pid()"
        )
    store.put([asset("b")])
    assert list(store.resources()) == ["Asset/a", "Asset/b"]


def test_an_outcome_that_was_recorded_is_so_though_nobody_could_look_at_once(
    postgres_url: str, opened: Opener, run: Callable[..., Run], asset: Assets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server restarts in the middle of a commit, which counts."""
    store = opened(postgres_url)
    store.begin_run(run())
    intent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=run().started_at)
    commit, begin = ServerConnection.commit, ServerConnection.begin
    failures = 1

    def commit_unheard(connection: ServerConnection) -> None:
        monkeypatch.setattr(ServerConnection, "commit", commit)
        commit(connection)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def begin_later(connection: ServerConnection, *, writes: bool) -> None:
        nonlocal failures
        if not writes and failures:
            failures -= 1
            raise psycopg.OperationalError("the database system is starting up")
        begin(connection, writes=writes)

    monkeypatch.setattr(ServerConnection, "commit", commit_unheard)
    monkeypatch.setattr(ServerConnection, "begin", begin_later)
    store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.APPLIED, asset("a"))], at=run().started_at)
    assert failures == 0
    assert store.open_intents() == ()
    assert len(store.outcomes_of("run-1")) == 1


def test_what_failed_inside_of_a_transaction_is_not_committed_in_silence(postgres_url: str, opened: Opener) -> None:
    store = opened(postgres_url)

    def passed_over() -> None:
        with store._backend.write() as connection:
            connection.execute("UPDATE meta SET serial = 7")
            with suppress(psycopg.Error):
                connection.execute("SELECT 1 FROM nothing")

    with pytest.raises(StateError, match="nothing of the transaction was kept"):
        passed_over()
    assert store.mark.serial == 0


def test_nothing_is_prepared_in_a_session(postgres_url: str, opened: Opener) -> None:
    store = opened(postgres_url)
    for _ in range(10):
        store.get("Asset/a")
    with store._backend.read() as connection:
        assert connection.scalars("SELECT name FROM pg_prepared_statements") == []


def test_an_option_that_is_none_is_told_as_such(postgres_url: str, opened: Opener) -> None:
    with pytest.raises(InvalidError, match=r'invalid connection option "sslmod"\.$'):
        opened(changed(postgres_url, sslmod="require"))


@pytest.mark.parametrize("reached", [False, True])
def test_an_outcome_is_recorded_once_though_the_connection_breaks_at_its_commit(
    postgres_url: str, opened: Opener, run: Callable[..., Run], asset: Assets, monkeypatch: pytest.MonkeyPatch, reached: bool
) -> None:
    """Before the server has committed, or after it: the client is told the same."""
    store = opened(postgres_url)
    store.begin_run(run())
    intent = store.record_intent("run-1", IntentKind.SYNC, "req-1", ["Asset/a"], at=run().started_at)

    commit = ServerConnection.commit

    def break_once(connection: ServerConnection) -> None:
        monkeypatch.undo()
        if reached:
            commit(connection)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(ServerConnection, "commit", break_once)
    store.record_outcomes(intent, [Outcome("Asset/a", OutcomeStatus.APPLIED, asset("a"))], at=run().started_at)
    assert store.open_intents() == ()
    assert len(store.outcomes_of("run-1")) == 1
    assert store.mark.serial == 1


def test_leases_go_by_the_clock_of_the_server(postgres_url: str, opened: Opener) -> None:
    opened(postgres_url).acquire("ana").check()
    with open_store(postgres_url, clock=Wrong()) as ahead:
        assert ahead.lease_info() is not None
        with pytest.raises(LockedError):
            ahead.acquire("ben")


def test_a_commit_is_on_the_disk_whatever_the_server_is_set_to(postgres_url: str, opened: Opener) -> None:
    store = opened(postgres_url)
    with store._backend.write() as connection:
        connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        assert connection.scalar("SHOW synchronous_commit") == "on"


def test_a_server_that_accepts_reads_only_is_read_and_not_written(postgres_url: str, opened: Opener, asset: Assets) -> None:
    opened(postgres_url).put([asset()])
    store = opened(changed(postgres_url, options="-c default_transaction_read_only=on"))
    assert not store.writable
    assert list(store.resources()) == ["Asset/web-01"]
    store.observe([asset(asset_id=1)])
    with pytest.raises(StateError, match="accepts reads only"):
        store.acquire("ana")


def test_processes_that_open_a_new_schema_together_agree_on_one(
    postgres_url: str, other_process: Callable[..., subprocess.Popen[str]]
) -> None:
    program = (
        "import sys; from declarative.core.clock import SystemClock; from declarative.state import open_store\n"
        "sys.stdin.readline(); store = open_store(sys.argv[1], clock=SystemClock()); print(store.mark.lineage); store.close()"
    )
    together = [other_process(program, postgres_url) for _ in range(4)]
    for process in together:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in together]
    assert [errors for _, errors in answers] == [""] * 4
    assert len({output for output, _ in answers}) == 1
