"""Match the path of a request with an operation; all routes come from the specification."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from oneroster_runtime.specification import Operation, Specification

_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class Route(NamedTuple):
    """One path template with its operations by method."""

    pattern: re.Pattern[bytes]
    operations: Mapping[str, Operation]

    @property
    def allow(self) -> str:
        """The value of the Allow header."""
        methods = set(self.operations) | {"OPTIONS"}
        if "GET" in methods:
            methods.add("HEAD")
        return ", ".join(sorted(methods))


class RouteMatch(NamedTuple):
    """A route and the path parameters of a request, still percent-encoded."""

    route: Route
    raw_ids: Mapping[str, bytes]


class RouteTable:
    """The routes of a tenant.

    Args:
        specification: Gives the base path of the service of each operation.
        operations: The operations to serve.
    """

    def __init__(self, specification: Specification, operations: Iterable[Operation]) -> None:
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            path = specification.base_path(operation) + operation.path
            by_path.setdefault(path, {})[operation.method] = operation
        self._routes = [Route(_compile(path), methods) for path, methods in by_path.items()]

    def match(self, raw_path: bytes) -> RouteMatch | None:
        """Return the route of a path, or None.

        Matches the percent-encoded path: an id may contain an encoded slash, which looks like a separator once the
        path is decoded.
        """
        for route in self._routes:
            found = route.pattern.fullmatch(raw_path)
            if found is not None:
                return RouteMatch(route, found.groupdict())
        return None


def operations_of(specification: Specification, profile: str) -> list[Operation]:
    """Return the operations that a profile serves."""
    return [operation for operation in specification.operations.values() if profile in operation.profiles]


def _compile(path: str) -> re.Pattern[bytes]:
    literal_and_name = _PARAMETER.split(path)
    parts = [f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(literal_and_name)]
    return re.compile("".join(parts).encode("ascii"))
