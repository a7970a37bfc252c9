"""What a run is given from outside: environment, clock, and who watches the calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

from msgspec import Struct, field

from declarative.core.clock import Clock, SystemClock
from declarative.core.errors import InvalidError
from declarative.manifest.model import Project
from declarative.qualys.budget import WaitBudget
from declarative.qualys.model import CallRecord, Observer, Reader, Waiting, Writer

if TYPE_CHECKING:
    from declarative.qualys.client import Means
    from declarative.qualys.credentials import Credentials


def _ignore(_event: CallRecord | Waiting) -> None:
    return None


class Runtime(Struct, frozen=True):
    """`say` is told in words what takes long; `observer` sees every call and every wait. `waits` is shared by every client of
    the run. `stopped`: whether a stop was asked for; then no failed call is tried again."""

    environ: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)
    observer: Observer = _ignore
    say: Callable[[str], None] = lambda _text: None
    waits: WaitBudget = field(default_factory=WaitBudget)
    stopped: Callable[[], bool] = lambda: False

    def base_url(self, project: Project) -> str:
        """QUALYS_BASE_URL wins over the project (DESIGN 3.3). Raises InvalidError when neither tells."""
        from declarative.qualys.target import checked_base_url

        given = self.environ.get("QUALYS_BASE_URL") or project.base_url
        if not given:
            raise InvalidError(
                "no target: the project names no platform",
                hint="set spec.platform (such as US1 or EU2) or spec.baseUrl in declarative.yaml, or QUALYS_BASE_URL",
            )
        return checked_base_url(given)

    def reader(self, project: Project) -> AbstractContextManager[Reader]:
        """A client that cannot send a write. Logs in at its first call. Raises AuthError without credentials."""
        from declarative.qualys.client import connect_reader

        return closing(connect_reader(self.base_url(project), self._credentials, self._means))

    def writer(self, project: Project) -> AbstractContextManager[Writer]:
        from declarative.qualys.client import connect_writer

        return closing(connect_writer(self.base_url(project), self._credentials, self._means))

    @property
    def _credentials(self) -> Credentials:
        from declarative.qualys.credentials import credentials_from

        return credentials_from(self.environ)

    @property
    def _means(self) -> Means:
        from declarative.qualys.client import Means

        return Means(clock=self.clock, observer=self.observer, waits=self.waits, environ=self.environ, stopped=self.stopped)
