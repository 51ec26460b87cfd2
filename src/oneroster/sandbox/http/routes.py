"""From the path of a request to an operation. Every route comes from the generated table, none is written here."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from oneroster_v1p1.tables import OPERATIONS, Operation

BASE_PATH: Final = "/ims/oneroster/v1p1"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Route(NamedTuple):
    """One path template and what can be done with it."""

    pattern: re.Pattern[bytes]
    operations: Mapping[str, Operation]

    @property
    def allow(self) -> str:
        """The value of the Allow header."""
        methods = set(self.operations) | {"OPTIONS"}
        if "GET" in methods:
            methods.add("HEAD")
        return ", ".join(sorted(methods))


class Match(NamedTuple):
    """A route, and the path parameters as they came: still percent-encoded."""

    route: Route
    raw_ids: Mapping[str, bytes]


class RouteTable:
    """The routes of one profile."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        self._routes = [Route(_compile(path), methods) for path, methods in by_path.items()]

    def match(self, raw_path: bytes) -> Match | None:
        """The route of a path, or None.

        Works on the path as it came over the wire: an id may hold a percent-encoded slash, which a decoded path
        could not be told from a separator.
        """
        for route in self._routes:
            found = route.pattern.fullmatch(raw_path)
            if found is not None:
                return Match(route, found.groupdict())
        return None


def operations_of(profile: str) -> list[Operation]:
    """The operations that a profile serves."""
    return [operation for operation in OPERATIONS.values() if profile in operation.profiles]


def _compile(path: str) -> re.Pattern[bytes]:
    literal_and_name = _PARAMETER.split(BASE_PATH + path)
    parts = [f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(literal_and_name)]
    return re.compile("".join(parts).encode("ascii"))
