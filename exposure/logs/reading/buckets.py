"""Logs in object storage (s3://, gs://, az://), through pyarrow: found by key, and streamed.

Credentials, region and endpoint come from where each cloud's own tools look for them: environment, profile, instance. Nothing
that a storage answers is repeated: it may quote a key.
"""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from glob import has_magic
from pathlib import Path
from typing import IO, Any, cast

from exposure.errors import ExposureError
from exposure.logs.reading.places import CHUNK, Listener, Member, Place, members, read_until
from exposure.logs.reading.unpack import DamagedError

SCHEMES = ("s3", "gs", "az")
_AHEAD = 8 << 20  # what is asked for at once: a request takes a tenth of a second
_SECONDS = 30
# What an answer holds -> why it failed, and what to do. Fixed texts; the first that fits counts.
_ANSWERS = (
    (
        ("nosuchbucket", "no_such_bucket", "bucket does not exist", "containernotfound"),
        "there is no such bucket",
        "correct path under [[logs]] in incident.toml",
    ),
    (
        ("access_denied", "accessdenied", "forbidden", "signature", "invalid", "unauthorized", "authentication"),
        "access was denied",
        "see that the credentials are right and may list and read it ({where})",
    ),
    (
        ("credential", "could not create a oauth2", "metadata"),
        "there are no credentials for it",
        "set them as the cloud's own tools do ({where})",
    ),
    (
        ("network", "curl", "resolve", "connect", "timeout", "timed out"),
        "it could not be reached",
        "see the network, region and endpoint, or copy the files beside incident.toml",
    ),
)
_WHERE = {
    "s3": "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_REGION; AWS_ENDPOINT_URL",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or: gcloud auth application-default login",
    "az": "AZURE_STORAGE_ACCOUNT, and AZURE_STORAGE_KEY or: az login",
}


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a bucket. Sent to another machine, it is read there with the credentials of that machine.

    `stamp` is its size and when it was written: another object of its key has another.
    """

    scheme: str
    key: str
    length: int
    _storage: Any = field(default=None, repr=False, hash=False)
    stamp: str = ""
    path: None = None
    packed: int = 0

    def __reduce__(self) -> tuple[object, ...]:
        return Object, (self.scheme, self.key, self.length)

    def name(self, folder: Path) -> str:  # noqa: ARG002 - the Place's signature
        """Give its address."""
        return f"{self.scheme}://{self.key}"

    def open(self) -> IO[bytes]:
        """Open it for reading anywhere in it."""
        return cast(IO[bytes], self._connected().open_input_file(self.key))

    def size(self) -> int | None:
        """Give its size, as the storage listed it."""
        return self.length

    def part(self, begin: int, end: int) -> Iterator[bytes]:
        """Give the bytes from `begin` to `end`, by requests for so much of it. Raises ExposureError where the storage refuses."""
        try:
            with self.open() as handle:
                for at in range(begin, end, _AHEAD):
                    handle.seek(at)
                    held = handle.read(min(_AHEAD, end - at))
                    yield from read_until(io.BytesIO(held), min(_AHEAD, end - at))
        except OSError as error:
            raise refused(self.name(Path()), self.scheme, error) from None

    def chunks(self, listener: Listener) -> Iterator[bytes]:  # noqa: ARG002 - the Place's signature
        """Give its bytes; raises DamagedError where the storage stops in the middle."""
        given = False
        try:
            # pyarrow would unpack by the name's ending; here content tells
            with self._connected().open_input_stream(self.key, compression=None, buffer_size=_AHEAD) as stream:
                while chunk := stream.read(CHUNK):
                    given = True
                    yield chunk
        except OSError as error:
            if given:
                raise DamagedError("the object storage stopped in the middle") from None
            raise refused(self.name(Path()), self.scheme, error) from None

    def _connected(self) -> Any:
        return self._storage or connect_once(self.scheme, self.key.partition("/")[0])


def is_bucket(path: str) -> bool:
    """Tell whether a path names object storage."""
    return path.partition("://")[0] in SCHEMES


def find_objects(url: str, connect: Callable[[str, str], Any] | None = None) -> list[Place]:
    """Give the objects that an address names, sorted: an object, all below a prefix, or a pattern with *, ?, [] and **.

    `connect` takes scheme and bucket and gives a pyarrow file system. Raises ExposureError where none is found or may be seen.
    """
    scheme, _, rest = url.partition("://")
    without_credentials(url, "logs")
    rest = rest.rstrip("/")
    patterns = rest.split("/")
    fixed = next((number for number, part in enumerate(patterns) if has_magic(part)), len(patterns))
    if not patterns[0] or not fixed:
        raise ExposureError(f"logs {url} cannot be read", "it names no bucket", f"write {scheme}://BUCKET/PREFIX")
    try:
        storage = (connect or connect_to)(scheme, patterns[0])
        found = _list(storage, "/".join(patterns[:fixed]))
    except OSError as error:
        raise refused(f"logs {url}", scheme, error) from None
    keys = sorted(key for key in found if fixed == len(patterns) or _matches(key.split("/"), patterns))
    if not keys:
        raise ExposureError(
            f"logs {url} matches no object",
            "the bucket holds none with such a key",
            "correct path under [[logs]] in incident.toml",
        )
    places: list[Place] = []
    for key in keys:
        one = Object(scheme, key, found[key].size, storage, _stamp(found[key]))
        # an archive must be opened to be known; by its name alone, or each object would cost a request
        inside: Sequence[Member] = members(one) if key.lower().endswith(".zip") else ()
        places += inside or [one]
    return places


def without_credentials(url: str, what: str) -> None:
    """Refuse an address that holds a key. Raises ExposureError, which does not repeat it."""
    scheme, _, rest = url.partition("://")
    if "@" in rest.partition("/")[0] or "sig=" in rest:
        raise ExposureError(
            f"{what} {scheme}://[secret] cannot be read",
            "the address holds credentials, and incident.toml is shared",
            f"take them out, and set them in the environment ({_WHERE[scheme]})",
        )


def _list(storage: Any, base: str) -> dict[str, Any]:
    """Give the keys of all objects below, with what the storage says of each."""
    from pyarrow.fs import FileSelector, FileType

    info = storage.get_file_info(base)
    if info.type == FileType.File:
        return {base: info}
    inside = storage.get_file_info(FileSelector(base, recursive=True, allow_not_found="/" in base))
    files = (entry for entry in inside if entry.type == FileType.File and not entry.base_name.startswith("."))
    return {entry.path: entry for entry in files}


def _stamp(info: Any) -> str:
    return f"{info.size}:{info.mtime_ns}"


def _matches(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_matches(parts[skipped:], patterns[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _matches(parts[1:], patterns[1:])


def connect_to(scheme: str, bucket: str) -> Any:
    """Open a storage as its own tools would. Imported late: pyarrow.fs takes a tenth of a second."""
    from pyarrow import fs

    if scheme == "gs":
        endpoint = os.environ.get("STORAGE_EMULATOR_HOST", "").removeprefix("http://")
        local = {"endpoint_override": endpoint, "scheme": "http", "anonymous": True} if endpoint else {}
        return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_SECONDS), **local)
    if scheme == "az":
        account = os.environ.get("AZURE_STORAGE_ACCOUNT")
        if not account:
            raise OSError("no credentials")
        return fs.AzureFileSystem(account_name=account, account_key=os.environ.get("AZURE_STORAGE_KEY"))
    own = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region and not own:
        region = fs.resolve_s3_region(bucket)
    return fs.S3FileSystem(
        region=region,
        endpoint_override=own,
        connect_timeout=_SECONDS,
        request_timeout=2 * _SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),
    )


@cache
def connect_once(scheme: str, bucket: str) -> Any:
    """Open a storage for the life of this process: a worker reads many ranges of one bucket."""
    return connect_to(scheme, bucket)


def refused(what: str, scheme: str, error: OSError) -> ExposureError:
    """Say why a storage refused, in our own words."""
    answer = str(error).lower()
    for signs, why, way in _ANSWERS:
        if any(sign in answer for sign in signs):
            return ExposureError(f"{what} cannot be read", why, way.format(where=_WHERE[scheme]))
    return ExposureError(
        f"{what} cannot be read",
        "the object storage answered with an error",
        "try again, or copy the files beside incident.toml",
    )
