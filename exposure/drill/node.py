"""Talk to a drill's node: JSON-RPC over one kept connection, with the standard library. Investigations use exposure.chain.rpc."""

import http.client
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from exposure.errors import ExposureError

_SECONDS = 120.0
_BATCH = 200


class Node:
    """A node on this machine. Every call raises ExposureError where it does not answer or refuses."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(place.hostname or "", place.port, timeout=_SECONDS)
        self._path = (place.path or "/") + (f"?{place.query}" if place.query else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def call(self, method: str, *params: object) -> Any:
        """Call one method and give its result."""
        return self._result(method, self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": params}))

    def batch(self, method: str, rows: Sequence[Sequence[object]]) -> list[Any]:
        """Call one method for each row of parameters, some hundred at a time; results in the order of the rows."""
        results: list[Any] = []
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            asked = [{"jsonrpc": "2.0", "id": n, "method": method, "params": row} for n, row in enumerate(part)]
            answered = self._post(asked)
            if isinstance(answered, dict):  # the whole batch was refused
                self._result(method, answered)
            answers = {answer["id"]: answer for answer in answered}
            results += [self._result(method, answers[number]) for number in range(len(part))]
        return results

    def _post(self, body: object) -> Any:
        try:
            self._connection.request("POST", self._path, json.dumps(body), {"Content-Type": "application/json"})
            return json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ExposureError(
                "the drill's node does not answer",
                f"{type(error).__name__} while talking JSON-RPC to {self._connection.host}:{self._connection.port}",
                "start an anvil and name its address; `exposure demo` does both",
            ) from None

    def _result(self, method: str, answer: dict[str, Any]) -> Any:
        if "error" in answer:
            raise ExposureError(
                f"the drill's node refused {method}",
                str(answer["error"].get("message", "it gave no reason")),
                "use anvil: other nodes cannot set balances or the time of a block",
            )
        return answer["result"]
