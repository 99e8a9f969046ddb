"""The engine that a person names -> who reads the logs."""

from pathlib import Path
from typing import TYPE_CHECKING

from exposure.errors import ExposureError

if TYPE_CHECKING:
    from exposure.logs.reading.reader import Reader

LOCAL = "local"


def reader_of(engine: str, parts: str = "") -> "Reader | None":
    """Give who reads logs with `local` (None: this machine), `dask://HOST:PORT` or `spark://HOST:PORT`. Nobody is asked yet.

    `parts` is a folder or bucket where workers leave what they found; empty: it comes back over the network.
    """
    if engine == LOCAL:
        if parts:
            raise ExposureError(
                "--parts has no use here", "this machine reads by itself", "leave it out, or name --engine"
            )
        return None
    scheme, _, address = engine.partition("://")
    host, _, port = address.rpartition(":")
    if scheme not in ("dask", "spark") or not host or not port.isdigit():
        raise ExposureError(
            f"--engine {engine} is not known",
            "it is none of the engines, or lacks a host or port",
            "write local, dask://HOST:PORT or spark://HOST:PORT",
        )
    from exposure.engines.gather import Cluster
    from exposure.logs.reading.buckets import is_bucket, without_credentials

    if is_bucket(parts):
        without_credentials(parts, "--parts")
    elif parts:
        parts = str(Path(parts).resolve())
    if scheme == "dask":
        from exposure.engines.dask import Dask

        return Cluster(Dask(address), parts)
    from exposure.engines.spark import Spark

    return Cluster(Spark(address), parts)
