"""What an apply is given, and how it talks to its caller while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from declarative.assets.model import DesiredAsset
from declarative.core.clock import Clock
from declarative.plan.model import DesiredReport, Plan, StateMark
from declarative.qualys.model import CallRecord, Waiting, Writer
from declarative.state.model import Store

Probe = Callable[[str], None]
"""Called with the name of the step before and after every journal write and every request; tests kill the process there."""


def no_probe(_name: str) -> None:
    """The probe of every real run."""


class StopFlag:
    """Asks an apply to stop gracefully: what is in flight is finished and recorded, nothing more is sent.

    Safe to set from a signal handler or another thread.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Waits that long, or until the flag is set; says whether it is."""
        return self._event.wait(seconds)


class Phase(StrEnum):
    LOCK = "lock"
    RECOVER = "recover"
    CHECK = "check"
    SYNC = "sync"
    ARRIVE = "arrive"
    REPORT = "report"


class Progress(Struct, frozen=True):
    """`done` of `total` things of this phase (changes; while arriving: assets the search has shown). `quota_left`: calls
    that the last rate-limit header left, None where the gateway tells none."""

    phase: Phase
    done: int
    total: int
    message: str = ""
    quota_left: int | None = None


class RunInfo(Struct, frozen=True):
    """Who applies, for the audit. `host` and `user` also name the lease's holder."""

    user: str
    host: str
    command: str = "apply"
    commit: str | None = None

    @property
    def holder(self) -> str:
        return f"{self.user}@{self.host}"


class CallLog:
    """Collects the calls of a run for the audit. Give it to the client as (part of) its observer; apply drains it.

    Thread-safe: the client reports from every worker.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: list[tuple[datetime, CallRecord]] = []

    def __call__(self, event: CallRecord | Waiting) -> None:
        if isinstance(event, CallRecord):
            with self._lock:
                self._calls.append((self._clock.now(), event))

    def drain(self) -> list[tuple[datetime, CallRecord]]:
        """What was collected since the last drain."""
        with self._lock:
            calls, self._calls = self._calls, []
        return calls


class ApplyRequest(Struct, frozen=True, kw_only=True):
    """Everything one apply needs.

    `desired` holds the asset of every change of the plan that has a manifest, `reports` the report of every RUN; `moved` names
    the new address of objects that the state may still keep under their old one.
    `expected`: the mark of the state that the plan was made on; one that moved on since is refused (None: not looked at).
    `saved`: the plan comes from a file, which is good for one apply; `plan_id` tells it from another file with the same
    changes (empty: the digest does). `planned_at`: when it was made (None: within a day). `resume`: continue an
    interrupted apply of the same plan. `recheck`: read the objects again before writing and refuse those that moved.
    `wait`: poll until what was sent has arrived, for at most this long; None: do not wait.
    """

    plan: Plan
    plan_digest: str
    desired: Mapping[str, DesiredAsset]
    store: Store
    writer: Writer
    clock: Clock
    new_id: Callable[[], str]
    run: RunInfo
    reports: Mapping[str, DesiredReport] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    batch_size: int = 50
    parallelism: int = 2
    page_size: int = 100
    saved: bool = False
    plan_id: str = ""
    expected: StateMark | None = None
    planned_at: datetime | None = None
    resume: bool = False
    recheck: bool = True
    wait: timedelta | None = None
    lock_timeout: float = 30.0
    stop: StopFlag = field(default_factory=StopFlag)
    calls: CallLog | None = None
    on_progress: Callable[[Progress], None] | None = None
    probe: Probe = no_probe

    @property
    def use_key(self) -> str:
        """What a saved plan is remembered by once it was applied."""
        return self.plan_id or self.plan_digest
