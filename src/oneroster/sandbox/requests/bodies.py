"""PUT bodies: read, completed, judged by the strict schema, their references followed (note W, 6.1)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from oneroster.sandbox.handlers.serialization import Presenter, Record
from oneroster.sandbox.http.responses import Problem, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.store.store import Store
from oneroster_v1p1.tables import ELEMENTS, Property, document

MAXIMUM: Final = 1024 * 1024
"""Bytes of a body at most."""


class UnreadableBodyError(Exception):
    """A body from which no record can be taken; `problems` say why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


class BodyReader:
    """Takes the record out of a PUT body.

    Args:
        store: knows what references may lead to.
        presenter: gives references their address.
        clock: seconds since 1970, for records that do not say when they changed.
    """

    def __init__(self, store: Store, presenter: Presenter, clock: Callable[[], float]) -> None:
        self._store = store
        self._presenter = presenter
        self._clock = clock

    def record(self, call: OperationRequest, content_type: str, body: bytes) -> Record:
        """The record of a body, complete and valid, ready to be stored.

        Raises:
            UnreadableBodyError: 400 for what is not JSON, 422 for JSON that is not this record (6.1).
        """
        wrapper = call.operation.body_wrapper or ""
        value = _json(content_type, body)
        if not isinstance(value, dict) or not isinstance(value.get(wrapper), dict):
            raise UnreadableBodyError(invalid_data(f"the body must hold one object under the key {wrapper}", 422))
        record: Record = value[wrapper]
        if record.setdefault("sourcedId", call.sourced_id) != call.sourced_id:
            raise UnreadableBodyError(invalid_data("sourcedId: the body names another record than the path", 422))
        self._complete(call, record)
        problems = [*_schema_problems(call.element, record)] or [*self._reference_problems(call.element, record)]
        if problems:
            raise UnreadableBodyError(*problems)
        return record

    def moment(self) -> str:
        """The time of a change made now."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _complete(self, call: OperationRequest, record: Record) -> None:
        """Add what consumers leave out: state and time of the record, href and type of references (5.2, 8)."""
        record.setdefault("status", "active")
        if "dateLastModified" not in record:
            record["dateLastModified"] = self.moment()
        for _, known, reference in _references(call.element, record):
            reference.setdefault("type", known.reference_types[0])
            reference.setdefault("href", self._presenter.address(known.refers_to or "", reference["sourcedId"], ""))

    def _reference_problems(self, element: str, record: Record) -> Iterator[Problem]:
        for where, known, reference in _references(element, record):
            if reference["type"] not in known.reference_types:
                yield invalid_data(f"{where}/type: must be one of {', '.join(known.reference_types)}", 422)
            if self._store.read(known.refers_to or "", reference["sourcedId"]) is None:
                yield invalid_data(f"{where}/sourcedId: no {known.refers_to} has this sourcedId", 422)


def _json(content_type: str, body: bytes) -> Any:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise UnreadableBodyError(invalid_data("Content-Type: must be application/json"))
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnreadableBodyError(invalid_data("the body is not JSON")) from None


def _references(element: str, record: Record) -> Iterator[tuple[str, Property, Record]]:
    """The references of a record that have an id to follow, each with its place in the record."""
    for name, known in ELEMENTS[element].properties.items():
        if known.refers_to is None or name not in record:
            continue
        value = record[name]
        places = enumerate(value) if isinstance(value, list) else [("", value)]
        for place, reference in places:
            if isinstance(reference, dict) and isinstance(reference.get("sourcedId"), str):
                yield f"/{name}/{place}".rstrip("/"), known, reference


def _schema_problems(element: str, record: Mapping[str, Any]) -> Iterator[Problem]:
    """What the strict schema objects to, by place and keyword: the values themselves may be personal."""
    for error in _validator(element).iter_errors(record):
        place = "/".join(["", *map(str, error.instance_path)])
        missing = f" {error.kind.as_dict()['property']}" if error.kind.name == "required" else ""
        yield invalid_data(f"{place or 'the record'}: fails {error.kind.name}{missing}", 422)


@cache
def _validator(element: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{element}", "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
