"""Objects of a bucket: each look finds the new ones, and reads no other again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.watch.site import Site, line


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an S3 server on this machine, with the bucket `cdn`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", url),
    ):
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    urlopen(f"{url}/moto-api/reset", data=b"").close()  # all servers of a process share their objects
    client.create_bucket(Bucket="cdn")
    yield client
    server.stop()


def test_new_objects_are_read_once(bucket: Any, tmp_path: Path) -> None:
    """A CDN delivers an object every few minutes; one that is written again takes the place of what it was."""

    def put(key: str, numbers: range) -> None:
        bucket.put_object(Bucket="cdn", Key=key, Body="".join(map(line, numbers)).encode())

    site = Site(tmp_path / "case", "s3://cdn/logs/**")
    put("logs/a.log", range(10, 20))
    site.look()
    assert list(range(10, 20)) == site.numbers()
    put("logs/b.log", range(20, 30))
    site.heard.clear()
    assert site.look().changed
    assert 10 == sum(digest.parsed.total() for digest in site.heard)
    assert list(range(10, 30)) == site.numbers()
    assert not site.look().changed
    put("logs/b.log", range(20, 35))
    site.look()
    assert list(range(10, 35)) == site.numbers()
    assert {"s3://cdn/logs/a.log": "", "s3://cdn/logs/b.log": ""} == site.names()


def test_a_storage_that_shows_nothing_for_a_while_has_lost_nothing(bucket: Any, tmp_path: Path) -> None:
    """What was read stands as it was, and is not read again when the storage is back."""
    site = Site(tmp_path / "case", "s3://cdn/logs/**")
    bucket.put_object(Bucket="cdn", Key="logs/a.log", Body="".join(map(line, range(10, 20))).encode())
    site.look()
    path = site.incident.logs[0].path
    before = site.tables()
    site.heard.clear()
    bucket.delete_object(Bucket="cdn", Key="logs/a.log")
    assert not site.look().changed
    after = site.tables()
    assert [] == [name for name in before if not before[name].equals(after[name])]
    assert {f"{path.removesuffix('**')}a.log": ""} == site.names()
    assert [] == site.heard
