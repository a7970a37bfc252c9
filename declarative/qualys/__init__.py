"""The only place that speaks HTTP."""

import sys

# httpx loads its own command line with it where that can be loaded, and so rich, pygments and click: two thirds of its start-up.
# It does without where Python says that there is no such module.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
