"""What a digest depends on besides the bytes that it was made of."""

import hashlib
import json

from exposure import __version__
from exposure.incident import Incident, LogSource
from exposure.logs.parts import PROBE


def settings_of(incident: Incident, log: LogSource, key: bytes, size: int) -> str:
    """Give the hash of actions, assets, the [[logs]] entry, the key of the pseudonyms, the blocks' size and this program.

    Where it is another one, what was digested under it cannot stand beside what is digested now.
    """
    made_of = [
        __version__,
        PROBE,
        hashlib.sha256(key).hexdigest(),
        size,
        log.model_dump_json(),
        [action.model_dump_json() for action in incident.actions],
        [asset.model_dump_json() for asset in incident.assets],
    ]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()
