"""How often and how long to try again: attempts are capped by kind of trouble, waits come out of one shared budget."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace
from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential

from declarative.core.clock import Clock
from declarative.qualys.answers import Answer
from declarative.qualys.budget import WaitBudget
from declarative.qualys.model import Observer, Waiting
from declarative.qualys.verdicts import Again, Failure, Fate

Outcome = Answer | Failure


class Policy(Struct, frozen=True):
    """Attempts in all, and backoff in seconds. Limits are waited out longer than faults: the windows are long."""

    connect_attempts: int = 4
    fault_attempts: int = 8
    limit_attempts: int = 40
    fault_base: float = 0.5
    fault_cap: float = 60.0
    limit_base: float = 4.0
    limit_cap: float = 120.0


class Patience:
    """Runs a try again and again while that makes sense. One for all workers of a run; `clock` does the sleeping.

    Once `stopped` says so, nothing is tried again: what is being waited for ends as it stands.
    """

    def __init__(
        self,
        budget: WaitBudget,
        *,
        clock: Clock,
        observer: Observer,
        rng: random.Random,
        policy: Policy,
        stopped: Callable[[], bool],
    ) -> None:
        self._budget = budget
        self._clock = clock
        self._observer = observer
        self._rng = rng
        self._policy = policy
        self._stopped = stopped

    def run(self, attempt: Callable[[], Outcome], what: str) -> Outcome:
        """The first answer, or the failure that ended it. What may have been processed in any try stays unknown."""
        tally = _Tally()

        def counted() -> Outcome:
            if tally.tries and self._stopped():
                return tally.interrupted()
            return tally.note(attempt())

        retrying = Retrying(
            retry=retry_if_result(lambda outcome: isinstance(outcome, Failure) and outcome.again in _WAITED_FOR),
            wait=self._wait,
            stop=lambda state: self._stop(state, tally),
            before_sleep=lambda state: self._tell(state, what),
            # tenacity hands over a float of a kind of its own; a clock is owed a plain one.
            sleep=lambda seconds: self._clock.sleep(float(seconds)),
            retry_error_callback=lambda _state: tally.last,
        )
        try:
            return retrying(counted)
        finally:
            # A Retrying is a cycle; without this each page of a long read would live on until a full collection.
            tally.forget()

    def _wait(self, state: RetryCallState) -> float:
        failure = _failure_of(state)
        policy = self._policy
        if failure.wait is not None:
            # Spread the workers that were all told the same number.
            return failure.wait + self._rng.random()
        limited = failure.again is Again.LIMIT
        base, cap = (policy.limit_base, policy.limit_cap) if limited else (policy.fault_base, policy.fault_cap)
        return wait_exponential(multiplier=base, max=cap)(state) * (0.5 + self._rng.random() / 2)

    def _stop(self, state: RetryCallState, tally: _Tally) -> bool:
        failure = _failure_of(state)
        policy = self._policy
        most = {Again.CONNECT: policy.connect_attempts, Again.LIMIT: policy.limit_attempts}.get(
            failure.again, policy.fault_attempts
        )
        if tally.count(failure.again) >= most:
            return True
        if self._stopped():
            tally.interrupted()
            return True
        if self._budget.take(state.upcoming_sleep):
            return False
        tally.last = replace(
            tally.last_failure,
            text=f"{failure.text}{'; ' if failure.text else ''}waiting {state.upcoming_sleep:.0f} s more would exceed"
            f" the limit of {self._budget.total:g} s for all waits of a run",
            hint="wait and run again, or allow more with --max-wait",
        )
        return True

    def _tell(self, state: RetryCallState, what: str) -> None:
        failure = _failure_of(state)
        said = f"HTTP {failure.status}" if failure.status is not None else failure.text
        why = "the rate limit was reached" if failure.again is Again.LIMIT else "it failed"
        asked = ", as the server asked" if failure.wait is not None else ""
        self._observer(Waiting(state.upcoming_sleep, f"{what}: {why} ({said}){asked}"))


_NOT_TRIED = Failure(Fate.NOT_SENT, Again.NEVER, "not tried")
_WAITED_FOR = frozenset({Again.CONNECT, Again.FAULT, Again.LIMIT})


def _failure_of(state: RetryCallState) -> Failure:
    outcome = state.outcome.result() if state.outcome is not None else None
    if not isinstance(outcome, Failure):
        raise TypeError("only a failure is waited for")
    return outcome


class _Tally:
    """The tries of one call so far."""

    def __init__(self) -> None:
        self.last: Outcome = _NOT_TRIED
        self._counts: dict[Again, int] = {}
        self._tries = 0
        self._maybe_processed = False

    @property
    def last_failure(self) -> Failure:
        if not isinstance(self.last, Failure):
            raise TypeError("the last try did not fail")
        return self.last

    @property
    def tries(self) -> int:
        return self._tries

    def interrupted(self) -> Failure:
        """The last failure as the final word."""
        failure = self.last_failure
        text = f"{failure.text}{'; ' if failure.text else ''}not tried again: the run was interrupted"
        ended = replace(failure, again=Again.NEVER, text=text)
        self.last = ended
        return ended

    def count(self, again: Again) -> int:
        return self._counts.get(again, 0)

    def forget(self) -> None:
        self.last = _NOT_TRIED

    def note(self, outcome: Outcome) -> Outcome:
        self._tries += 1
        self.last = outcome
        if isinstance(outcome, Failure):
            self._counts[outcome.again] = self.count(outcome.again) + 1
            self._maybe_processed = self._maybe_processed or outcome.fate is Fate.UNKNOWN
            # A refusal in words speaks for all tries; a login refused now says nothing about an earlier one.
            unclear = self._maybe_processed and (outcome.fate is Fate.NOT_SENT or outcome.auth)
            fate = Fate.UNKNOWN if unclear else outcome.fate
            self.last = replace(outcome, fate=fate, attempts=self._tries)
        return self.last
