"""Sessions of Spark: a cluster that somebody has, or one inside this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from declarative.core.errors import UsageError
from declarative.kinds.model import InventoryDeclaration

LOCAL = "local[*]"
_CONNECT = "sc://"
_QUIET = {
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
}

# Two hundred parts, as for a cluster, would each cost more than what is in them.
_SMALL = {"spark.sql.shuffle.partitions": "8", "spark.ui.enabled": "false"}


@contextmanager
def session_for(declaration: InventoryDeclaration) -> Iterator[Any]:
    """A session at the inventory's master, which ends with the plan. Raises UsageError where Spark, or the Java that it runs
    in, is not there, or the master cannot be reached."""
    master = declaration.master or LOCAL
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            f"{declaration.address} needs the extra `spark`: {error.name} is not installed",
            hint="pip install 'qualys-declarative[spark]'",
        ) from error
    try:
        builder = SparkSession.builder.appName("declarative")
        builder = builder.remote(master) if master.startswith(_CONNECT) else builder.master(master)
        for name, value in (*_QUIET.items(), *(_SMALL.items() if master.startswith("local") else ())):
            builder = builder.config(name, value)
        session = builder.getOrCreate()
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise UsageError(
            f"{declaration.address}: no Spark session at {master}: {first}",
            hint="Spark needs Java 17 (JAVA_HOME); spec.master is a Spark Connect URL or a master, such as local[2]",
        ) from error
    try:
        yield session
    finally:
        session.stop()
