"""Real clusters on this machine, each started once, and logs that they read."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from benchmarks.clusters import Workers, dask_cluster, spark_cluster
from tests.engines.stories import SMALL, book, read, visits, write_all
from tests.logs.logbook import Logbook

Library = tuple[Logbook, dict[str, bytes], dict[str, object]]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Logs of every kind, with what this machine made of them."""
    made = book(tmp_path_factory.mktemp("library"))
    write_all(made)
    return made, *read(made)


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """One log of many ranges, with what this machine made of it."""
    made = book(tmp_path_factory.mktemp("long"))
    made.write("access.log", *visits(0, 5_000))
    return made, *read(made, block=SMALL)


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """An S3 server on this machine with two buckets, for this process and all that it starts."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIAEXPOSURETEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        for name in ("cluster-logs", "cluster-parts"):
            client.create_bucket(Bucket=name)
        yield url
    server.stop()


@pytest.fixture(scope="session")
def dask(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """A Dask cluster whose workers may read the bucket."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as workers:
        yield workers


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """A Spark standalone cluster."""
    with spark_cluster(tmp_path_factory.mktemp("spark")) as workers:
        yield workers
