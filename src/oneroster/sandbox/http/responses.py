"""Replies, and the problems of a request in the form of the status payload."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from starlette.responses import Response

JSON: Final = "application/json"

# Responses hold personal data, which no cache may keep.
_DEFAULT_HEADERS: Final = {"Cache-Control": "no-store"}


class Problem(NamedTuple):
    """One problem of a request.

    With a status below 400 it is a warning, reported beside the data (3.3). The description is sent to the caller, so
    it names parameters, fields and ids, and never the value of a personal field.
    """

    status: int
    code_minor: str
    description: str

    @property
    def fatal(self) -> bool:
        """Whether the request fails because of it."""
        return self.status >= 400


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response before it is encoded.

    Attributes:
        status: The status code.
        body: Any JSON value, bytes that are sent unchanged, or None.
        headers: Headers beside the default ones.
        media_type: The value of Content-Type.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON

    def response(self) -> Response:
        """Return the encoded response."""
        headers = _DEFAULT_HEADERS | dict(self.headers)
        if self.body is None:
            return Response(status_code=self.status, headers=headers)
        content = self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)
        # Set as a plain header, because Starlette adds a charset to text types.
        return Response(content, self.status, headers | {"Content-Type": self.media_type})


def status_info(problem: Problem, operation_id: str | None = None) -> dict[str, str]:
    """Return one entry of the status payload, in the flat form with imsx_ names (6.3)."""
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
    """Return one entry for each problem of the request (3.3, last row)."""
    return [status_info(problem, operation_id) for problem in problems]


def error_reply(*problems: Problem, operation_id: str | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply with the status of the first fatal problem and a status payload that lists all problems."""
    status = next(problem.status for problem in problems if problem.fatal)
    return Reply(status, {"statusInfoSet": status_info_set(problems, operation_id)}, headers or {})


def unknown_object(description: str) -> Problem:
    """Return the problem of a resource that does not exist (6.1, 404)."""
    return Problem(404, "unknown object", description)


def invalid_data(description: str, status: int = 400) -> Problem:
    """Return the problem of an invalid parameter (400) or body (422) (6.1)."""
    return Problem(status, "invalid data", description)
