"""What the helper process runs: files to read come in, entries go out. See `helper.py`."""

from __future__ import annotations

import gc
import sys

import orjson

from declarative.manifest.helper import answer

if __name__ == "__main__":
    gc.disable()  # a short life, and nothing but trees in it
    sys.stdout.buffer.write(orjson.dumps(answer(orjson.loads(sys.stdin.buffer.read()))))
