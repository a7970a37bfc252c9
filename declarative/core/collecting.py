"""Python's garbage collector, out of the way of those who build trees."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Values of manifests are trees; walking ever more of them for cycles costs a third of the time of reading them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # What was built becomes old without being walked: enabling alone would have the next collection visit all of it.
        gc.freeze()
        gc.unfreeze()
        if enabled:
            gc.enable()
