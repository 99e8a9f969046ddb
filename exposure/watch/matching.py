"""Which log does each file hold now? Names do not tell: rotation renames, copies, cuts and packs.

A file is the log that was read at its place (device and inode), as long as it still begins with what was read. Where it does not,
and where the place is new, it is the log whose content it begins with; else it is a new one.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence

from exposure.logs.reading.places import Listener
from exposure.logs.reading.sources import SourceFile, read_blocks
from exposure.watch.files import Found, ShrunkError, hash_until
from exposure.watch.streams import HEAD, Stream

Pairs = list[tuple[Found, Stream | None]]


def match(found: Sequence[Found], streams: Sequence[Stream]) -> tuple[Pairs, list[tuple[Stream, str]]]:
    """Give each file its log (None: a new one), and the logs that no file holds any more, with why."""
    there = {(stream.log, stream.place): stream for stream in streams if not stream.gone}
    pairs: Pairs = []
    strange: list[Found] = []
    lost: list[tuple[Stream, str]] = []
    for one in found:
        stream = there.pop((one.file.log.path, one.place), None)
        if stream is None:
            strange.append(one)
        elif why := _broken(one, stream):
            lost.append((stream, why))
            strange.append(one)
        else:
            pairs.append((one, stream))
    lost += [(stream, "moved") for stream in there.values()]
    lost += [(stream, stream.gone) for stream in streams if stream.gone]
    for one in strange:
        known = _same_content(one, [stream for stream, _ in lost])
        pairs.append((one, known))
        if known is not None:
            known.place, known.gone = one.place, ""
            lost = [(stream, why) for stream, why in lost if stream is not known]
    order = {id(one): number for number, one in enumerate(found)}
    return sorted(pairs, key=lambda pair: order[id(pair[0])]), lost


def _broken(one: Found, stream: Stream) -> str:
    """Say why a file does not go on with the log that was read at its place; empty where it does."""
    if not stream.plain or stream.stamp == one.stamp or not stream.read:
        return ""
    if one.size < stream.read:
        return "truncated"
    return "" if _start(one, min(HEAD, stream.read)) == stream.head else "rewritten"


def _start(one: Found, length: int) -> str:
    """Give the hash of a file's first bytes; empty where it cannot be read now."""
    try:
        assert one.file.path is not None
        with one.file.path.open("rb", buffering=0) as handle:
            return hash_until(handle, length).hexdigest()
    except (OSError, ShrunkError):
        return ""


def _same_content(one: Found, lost: Sequence[Stream]) -> Stream | None:
    """Find the longest log that a file begins with, all of it; of what is read whole, the one that was at its place, unchanged."""
    log, place, stamp = one.file.log.path, one.place, one.stamp
    back = (
        stream
        for stream in lost
        if not stream.plain and (stream.log, stream.place, stream.stamp) == (log, place, stamp)
    )
    if not one.local:
        return next(back, None)
    if (same := next(back, None)) is not None:
        return same
    likely = [
        stream for stream in lost if stream.plain and stream.log == one.file.log.path and 0 < stream.read <= one.size
    ]
    if not likely:
        return None
    head = _start(one, min(HEAD, one.size))
    for stream in sorted(likely, key=lambda stream: -stream.read):
        if stream.read >= HEAD and stream.head != head:
            continue
        if _start(one, stream.read) == stream.sha256:
            return stream
    return None


def superseded(
    streams: Sequence[Stream], files: Mapping[str, SourceFile], touched: Collection[str], size: int
) -> list[Stream]:
    """Give the logs that are gone and whose content, all of it, another log begins with.

    `files` are the sources of those that are there, by id; of others only the same content is found. `touched` are the ids of
    those that changed: the others were compared before.
    """
    changed = [one for one in streams if one.id in touched]
    found: list[Stream] = []
    for old in streams:
        if not old.gone:
            continue
        others = streams if old.id in touched else changed
        if any(_holds(one, old, files.get(one.id), size) for one in others if one is not old and one not in found):
            found.append(old)
    return found


def _holds(one: Stream, old: Stream, file: SourceFile | None, size: int) -> bool:
    if one.log != old.log or one.read < old.read or (one.read >= HEAD and old.read >= HEAD and one.head != old.head):
        return False
    if one.read == old.read:
        return one.sha256 == old.sha256
    if file is None:
        return False
    try:
        return _content_start(one, file, old.read, size) == old.sha256
    except (OSError, ShrunkError):
        return False


def _content_start(stream: Stream, file: SourceFile, length: int, size: int) -> str:
    """Give the hash of the first bytes of a log's content, read again."""
    if stream.plain:
        assert file.path is not None
        with file.path.open("rb", buffering=0) as handle:
            return hash_until(handle, length).hexdigest()
    digest = hashlib.sha256()
    copy = SourceFile(0, "", file.place, file.shown, file.log)
    for block in read_blocks([copy], size, Listener()):
        data = block.pieces[0].data[:length]
        digest.update(data)
        length -= len(data)
        if not length:
            break
    return digest.hexdigest()
