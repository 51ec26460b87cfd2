"""What the tenant says back: answers, and the problems of a request in the form of the status payload."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from starlette.responses import Response

JSON: Final = "application/json"

# Personal data passes through here: no cache on the way may keep it.
_ALWAYS: Final = {"Cache-Control": "no-store"}


class Problem(NamedTuple):
    """One thing wrong with a request.

    A status below 400 is a warning: the request is answered, and the problem is told beside the data (3.3).
    The description goes to the caller, so it names parameters, fields and ids, and never a value of a personal field.
    """

    status: int
    code_minor: str
    description: str

    @property
    def fatal(self) -> bool:
        """Whether the request gets no data because of it."""
        return self.status >= 400


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer before it is written out; `body` is anything JSON, or bytes that go out as they are, or None."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON

    def response(self) -> Response:
        """The answer as the framework sends it."""
        headers = _ALWAYS | dict(self.headers)
        if self.body is None:
            return Response(status_code=self.status, headers=headers)
        content = self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)
        # As a plain header, because the framework adds a charset to text types, and JSON has none.
        return Response(content, self.status, headers | {"Content-Type": self.media_type})


def status_info(problem: Problem, operation_id: str | None = None) -> dict[str, str]:
    """One entry of the status payload, the flat form with the imsx_ names (6.3)."""
    entry = {
        "imsx_codeMajor": "failure" if problem.fatal else "success",
        "imsx_severity": "error" if problem.fatal else "warning",
        "imsx_description": problem.description,
        "imsx_codeMinor": problem.code_minor,
    }
    if operation_id is not None:
        entry["imsx_operationRefIdentifier"] = operation_id
    return entry


def status_info_set(problems: Iterable[Problem], operation_id: str | None = None) -> list[dict[str, str]]:
    """One entry for each problem of the request (3.3, last row)."""
    return [status_info(problem, operation_id) for problem in problems]


def refusal(*problems: Problem, operation_id: str | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """The answer to a request that cannot be served: the status of its first fatal problem, and all of them told."""
    status = next(problem.status for problem in problems if problem.fatal)
    return Reply(status, {"statusInfoSet": status_info_set(problems, operation_id)}, headers or {})


def unknown_object(description: str) -> Problem:
    """Nothing stands behind this address (6.1, 404)."""
    return Problem(404, "unknown object", description)


def invalid_data(description: str, status: int = 400) -> Problem:
    """A parameter (400) or a body (422) that does not hold what it should (6.1)."""
    return Problem(status, "invalid data", description)
