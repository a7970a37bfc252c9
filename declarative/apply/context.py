"""The running apply: its lease, its journal, what became of each change so far. Owned by one thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from declarative.apply.model import ApplyRequest, Phase, Progress
from declarative.assets.model import DesiredAsset, LiveAsset
from declarative.core.errors import DeclarativeError, StateError
from declarative.plan.model import ApplyResult, Calls, Change, ChangeResult, OutcomeKind
from declarative.qualys.model import CallRecord
from declarative.state.model import Intent, IntentKind, Lease, Outcome, Resource

SYNC_PATH = "/connector/asset/data/sync"
REPORT_PATH = "/am/report"


class Sent(Struct):
    """Counts the requests of the run by what they are for."""

    read: int = 0
    sync: int = 0
    report: int = 0

    def add(self, call: CallRecord) -> None:
        if call.method == "POST" and call.path.endswith(SYNC_PATH):
            self.sync += 1
        elif call.method == "POST" and call.path.endswith(REPORT_PATH):
            self.report += 1
        elif "/auth" not in call.path:
            self.read += 1


class Context(Struct):
    """`cause`: why nothing more is sent, once an error stopped the apply; None while it runs. `live`: objects to adopt, read
    just before. `on_the_way`: addresses sent by this apply, or pending since an earlier one. `late`: addresses that were
    waited for and not seen to arrive, with why.
    """

    request: ApplyRequest
    lease: Lease
    run_id: str
    results: dict[str, ChangeResult] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    replays: list[Intent] = field(default_factory=list)
    live: dict[str, LiveAsset] = field(default_factory=dict)
    late: dict[str, str] = field(default_factory=dict)
    on_the_way: set[str] = field(default_factory=set)
    sent: Sent = field(default_factory=Sent)
    cause: DeclarativeError | None = None
    interrupted: bool = False
    claimed: bool = False

    # -- stopping ---------------------------------------------------------------------------------------------------

    def may_send(self) -> bool:
        """Asked before each write. Looks at the stop flag and the lease; remembers why not."""
        if self.cause is not None or self.interrupted:
            return False
        if self.request.stop:
            self.interrupted = True
            return False
        try:
            self.lease.check()
        except DeclarativeError as error:
            self.cause = error
            return False
        return True

    def stop_reason(self) -> str:
        if self.cause is not None:
            return f"not sent: {self.cause.message}"
        return "not sent: the apply was interrupted"

    # -- journal ----------------------------------------------------------------------------------------------------

    def record_intent(
        self, kind: IntentKind, request_id: str, addresses: Sequence[str], resources: Iterable[Resource] = ()
    ) -> int:
        """Commits what is about to be sent. Raises StateError: then nothing may be sent."""
        self.request.probe(f"{kind}:intent:before")
        self._claim()
        intent_id = self.request.store.record_intent(
            self.run_id, kind, request_id, addresses, at=self.request.clock.now(), resources=resources
        )
        self.request.probe(f"{kind}:intent:after")
        return intent_id

    def record_outcomes(self, kind: IntentKind, intent_id: int, outcomes: Sequence[Outcome]) -> None:
        self.request.probe(f"{kind}:outcome:before")
        self.request.store.record_outcomes(intent_id, outcomes, at=self.request.clock.now())
        self.request.probe(f"{kind}:outcome:after")

    def put(self, resources: Sequence[Resource]) -> None:
        self.request.probe("state:put:before")
        self._claim()
        self.request.store.put(resources)
        self.request.probe("state:put:after")

    def remove(self, addresses: Sequence[str]) -> None:
        self.request.probe("state:remove:before")
        self._claim()
        self.request.store.remove(addresses)
        self.request.probe("state:remove:after")

    def move(self, old: str, new: str) -> None:
        self.request.probe("state:move:before")
        self._claim()
        self.request.store.move(old, new)
        self.request.probe("state:move:after")

    def _claim(self) -> None:
        """A saved plan counts as used from its first write on: what failed before it may simply be applied again."""
        if self.request.saved and not self.claimed:
            self.request.store.mark_plan_used(self.request.use_key, self.run_id)
            self.claimed = True

    def record_calls(self) -> None:
        """Adds what was called to the audit. An audit that cannot be written never stops or denies a write."""
        if self.request.calls is None:
            return
        calls = self.request.calls.drain()
        for _, call in calls:
            self.sent.add(call)
        if not calls:
            return
        try:
            self.request.store.record_calls(self.run_id, calls)
        except StateError as error:
            self.warn(f"the calls of the run could not be recorded: {error.message}")

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)

    # -- results ----------------------------------------------------------------------------------------------------

    def settle(
        self,
        change: Change,
        outcome: OutcomeKind,
        *,
        error: str | None = None,
        request_id: str | None = None,
        file_uuid: str | None = None,
        asset_id: int | None = None,
        taken: bool = False,
    ) -> None:
        """Says what became of a change; the last word counts."""
        self.results[change.address] = ChangeResult(
            address=change.address,
            kind=change.kind,
            action=change.action,
            outcome=outcome,
            error=error,
            request_id=request_id,
            file_uuid=file_uuid,
            asset_id=change.asset_id if asset_id is None else asset_id,
            source=change.source,
            taken=taken,
        )

    def arrived(self, address: str, arrived: bool, *, asset_id: int | None = None, error: str | None = None) -> None:
        if not arrived:
            self.late[address] = error or "not arrived"
        known = self.results.get(address)
        if known is None:  # sent by an earlier apply; a report of this one waits for it
            return
        self.results[address] = replace(
            known,
            arrived=arrived,
            asset_id=known.asset_id if asset_id is None else asset_id,
            error=known.error if error is None else error,
        )

    def is_open(self, change: Change) -> bool:
        return change.address not in self.results

    def applied(self, address: str) -> bool:
        result = self.results.get(address)
        return result is not None and result.outcome is OutcomeKind.APPLIED

    def skip_open(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if self.is_open(change):
                self.settle(change, OutcomeKind.SKIPPED, error=self.stop_reason())

    def progress(self, phase: Phase, done: int, total: int, message: str = "") -> None:
        if self.request.on_progress is not None:
            self.request.on_progress(Progress(phase, done, total, message, self.request.writer.quota.remaining))

    def desired(self, change: Change) -> DesiredAsset:
        """The asset a change is about: from the manifests, or for a removed one from the payload and the state."""
        known = self.request.desired.get(change.address)
        if known is not None:
            return known
        if change.connector is None or change.payload is None:
            raise DeclarativeError(f"{change.address}: the plan holds neither a payload nor a manifest for it")
        return DesiredAsset(
            address=change.address,
            connector=change.connector,
            identity=change.payload.get("identityAttributes", {}),
            core=change.payload.get("coreAttributes", {}),
            position=change.source,
        )

    def result(self) -> ApplyResult:
        plan = self.request.plan
        return ApplyResult(
            project=plan.project,
            environment=plan.environment,
            base_url=plan.base_url,
            plan_digest=self.request.plan_digest,
            run_id=self.run_id,
            results=tuple(self.results[address] for address in sorted(self.results)),
            calls=Calls(read=self.sent.read, sync=self.sent.sync, report=self.sent.report),
            interrupted=self.interrupted,
            warnings=tuple(self.warnings),
        )
