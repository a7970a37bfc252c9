"""Carrying a plan out: journaled, checked against the live objects, verified when asked to."""

from declarative.apply.entry import state_moved
from declarative.apply.executor import due_moves, execute
from declarative.apply.model import ApplyRequest, CallLog, Phase, Probe, Progress, RunInfo, StopFlag
from declarative.apply.outcome import outcome_code

__all__ = [
    "ApplyRequest",
    "CallLog",
    "Phase",
    "Probe",
    "Progress",
    "RunInfo",
    "StopFlag",
    "due_moves",
    "execute",
    "outcome_code",
    "state_moved",
]
