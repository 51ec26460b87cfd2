"""Bodies of writes: decoded, completed, validated by the strict schema, and their references checked (note W, 6.1)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any, Final

import jsonschema_rs
import msgspec

from oneroster.sandbox.http.responses import Problem, invalid_data
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record, RecordSerializer
from oneroster.sandbox.store.store import Store
from oneroster.standard import Standard
from oneroster_runtime.specification import Property

MAX_BODY_BYTES: Final = 1024 * 1024
"""The largest body that is accepted."""


class InvalidBodyError(Exception):
    """A body without a valid record.

    Attributes:
        problems: What is wrong with it.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


class PutBodyReader:
    """Reads the record in a PUT body.

    Args:
        store: The data, to look up references.
        serializer: Gives references their href.
        clock: Returns the seconds since 1970, for records without dateLastModified.
    """

    def __init__(self, store: Store, serializer: RecordSerializer, clock: Callable[[], float]) -> None:
        self._store = store
        self._elements = store.specification.elements
        self._serializer = serializer
        self._clock = clock

    def read(self, request: OperationRequest, content_type: str, body: bytes) -> Record:
        """Return the record in a body, complete and valid.

        Raises:
            InvalidBodyError: The body is not JSON (400), or not this record (422) (6.1).
        """
        wrapper = request.operation.body_wrapper or ""
        value = _json(content_type, body)
        if not isinstance(value, dict) or not isinstance(value.get(wrapper), dict):
            raise InvalidBodyError(invalid_data(f"the body must hold one object under the key {wrapper}", 422))
        record: Record = value[wrapper]
        if record.setdefault("sourcedId", request.sourced_id) != request.sourced_id:
            raise InvalidBodyError(invalid_data("sourcedId: the body and the path have different ids", 422))
        if problems := self._problems(request, record):
            raise InvalidBodyError(*problems)
        return record

    def read_many(self, request: OperationRequest, content_type: str, body: bytes) -> list[Record]:
        """Return the records in the body of a POST, complete and valid; they agree with the path.

        Raises:
            InvalidBodyError: The body is not JSON (400), or a record is not valid (422).
        """
        wrapper = request.operation.body_wrapper or ""
        value = _json(content_type, body)
        records = value.get(wrapper) if isinstance(value, dict) else None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise InvalidBodyError(invalid_data(f"the body must hold a list of objects under the key {wrapper}", 422))
        problems = [problem for record in records for problem in self._problems(request, record)]
        problems = problems or [problem for record in records for problem in _conflicts(request, record)]
        if problems:
            raise InvalidBodyError(*problems)
        return records

    def free_ids(self, element: str) -> Iterator[str]:
        """Yield ids that no record of an element has, each once."""
        for number in count(1):
            if self._store.read(element, f"given-{number}") is None:
                yield f"given-{number}"

    def _problems(self, request: OperationRequest, record: Record) -> list[Problem]:
        self._complete(request, record)
        return [*self._schema_problems(request.element, record)] or [*self._reference_problems(request.element, record)]

    def now(self) -> str:
        """Return the current time as a dateLastModified."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _complete(self, request: OperationRequest, record: Record) -> None:
        """Add what clients may omit: status and dateLastModified, type and href of references (5.2, 8)."""
        record.setdefault("status", "active")
        if "dateLastModified" not in record:
            record["dateLastModified"] = self.now()
        for _, known, reference in self._references(request.element, record):
            reference.setdefault("type", known.reference_types[0])
            reference.setdefault("href", self._serializer.href(known.refers_to or "", reference["sourcedId"], ""))

    def _reference_problems(self, element: str, record: Record) -> Iterator[Problem]:
        for pointer, known, reference in self._references(element, record):
            if reference["type"] not in known.reference_types:
                yield invalid_data(f"{pointer}/type: must be one of {', '.join(known.reference_types)}", 422)
            if self._store.read(known.refers_to or "", reference["sourcedId"]) is None:
                yield invalid_data(f"{pointer}/sourcedId: no {known.refers_to} has this sourcedId", 422)

    def _references(self, element: str, record: Record) -> Iterator[tuple[str, Property, Record]]:
        """Yield the references of a record that have an id, each with its JSON pointer."""
        for name, known in self._elements[element].properties.items():
            if known.refers_to is None or name not in record:
                continue
            value = record[name]
            entries = enumerate(value) if isinstance(value, list) else [("", value)]
            for index, reference in entries:
                if isinstance(reference, dict) and isinstance(reference.get("sourcedId"), str):
                    yield f"/{name}/{index}".rstrip("/"), known, reference

    def _schema_problems(self, element: str, record: Mapping[str, Any]) -> Iterator[Problem]:
        # Name the pointer and the keyword only: the values may be personal.
        for error in _validator(self._store.standard, element).iter_errors(record):
            pointer = "/".join(["", *map(str, error.instance_path)])
            missing = f" {error.kind.as_dict()['property']}" if error.kind.name == "required" else ""
            yield invalid_data(f"{pointer or 'the record'}: fails {error.kind.name}{missing}", 422)


def _conflicts(request: OperationRequest, record: Record) -> Iterator[Problem]:
    """Yield where a record refers to another parent than the path (choice)."""
    for parent in request.operation.scope.parents if request.operation.scope else ():
        reference = record.get(parent.property)
        if isinstance(reference, dict) and reference.get("sourcedId") != request.ids[parent.parameter]:
            yield invalid_data(f"/{parent.property}: is not the {parent.parameter} of the path", 422)


def _json(content_type: str, body: bytes) -> Any:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise InvalidBodyError(invalid_data("Content-Type: must be application/json"))
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InvalidBodyError(invalid_data("the body is not JSON")) from None


@lru_cache(maxsize=64)
def _validator(standard: Standard, element: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{element}", "components": standard.document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
