"""The generated client sends what schemathesis would send for the same values, and loses nothing of an answer."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from oneroster_runtime.specification import Operation
from oneroster_v1p1 import AuthenticatedClient, WriteError, document, models, specification
from tests.contract.recorder import Received, Recorder, recording
from tests.contract.valid_responses import records, responses
from tests.patience import PATIENCE

ELEMENTS = specification().elements
OPERATIONS = specification().operations

TOKEN = "a-token"
EXAMPLES = settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
ALL = [pytest.param(operation, id=name) for name, operation in OPERATIONS.items()]
WITH_DATA = [pytest.param(operation, id=name) for name, operation in OPERATIONS.items() if operation.method == "GET"]
EACH_KIND = pytest.mark.series(by=lambda given: (given["operation"].element, given["operation"].method))
LEADING_ELSEWHERE = {"", ".", ".."}


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with recording() as made:
        yield made


@pytest.fixture(scope="module")
def client(recorder: Recorder) -> Iterator[AuthenticatedClient]:
    with AuthenticatedClient(base_url=recorder.base_url, token=TOKEN) as made:
        yield made


@cache
def engine() -> Any:
    """The document as schemathesis reads it."""
    config = SchemathesisConfig.from_dict({"generation": {"database": "none"}, "cache": {"enabled": False}})
    return schemathesis.openapi.from_dict(document(), config=config)


@cache
def validator(operation: Operation) -> Any:
    """What validates the 200 answer of an operation by the document alone."""
    whole = document()
    reference = whole["paths"][operation.path][operation.method.lower()]["responses"]["200"]["$ref"]
    schema = whole["components"]["responses"][reference.rsplit("/", 1)[1]]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": whole["components"]}, validate_formats=True)


def module_of(operation: Operation) -> ModuleType:
    """The generated module of an operation: its name is the operationId in snake case."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.operation_id)
    return import_module(f"oneroster_v1p1.api.{operation.tag}.{snake}")


def path_values(case: Any) -> dict[str, str]:
    """The path values of a case of schemathesis, which keeps them percent-encoded."""
    return {name: unquote(value) for name, value in (case.path_parameters or {}).items()}


def arguments(operation: Operation, case: Any) -> dict[str, Any]:
    """The values of a case of schemathesis, by the names of the generated function."""
    drawn = {**path_values(case), **(case.query or {})}
    named = {each.attribute: drawn[each.name] for each in operation.parameters if each.name in drawn}
    if operation.body is not None:
        named["body"] = getattr(models, f"Single{operation.body}").from_dict(case.body)
    return named


def said(received: Received, element: str | None) -> tuple[Any, ...]:
    """What a request says, however it is encoded: percent-encoding has more than one lawful form."""
    target = urlsplit(received.target)
    segments = [unquote(segment) for segment in target.path.split("/")]
    body = canonical(json.loads(received.body)) if received.body else None
    media_type = received.headers.get("content-type") if element else None
    return received.method, segments, sorted(parse_qsl(target.query, keep_blank_values=True)), media_type, body


def canonical(data: Any) -> Any:
    """JSON data with every date-time as an instant: a fraction of a second has more than one lawful form."""
    if isinstance(data, dict):
        return {name: canonical(value) for name, value in data.items()}
    if isinstance(data, list):
        return [canonical(value) for value in data]
    if isinstance(data, str) and data.endswith("Z") and "T" in data:
        try:
            return datetime.fromisoformat(data)
        except ValueError:
            return data
    return data


@EACH_KIND
@pytest.mark.parametrize("operation", ALL)
def test_it_sends_what_schemathesis_would_send(
    operation: Operation, recorder: Recorder, client: AuthenticatedClient
) -> None:
    recorder.status = operation.statuses[0]
    recorder.answer = json.dumps({operation.wrapper: [] if operation.many else {}}).encode()
    compared = 0

    @EXAMPLES
    @given(st.data())
    def both_send_the_same(data: st.DataObject) -> None:
        nonlocal compared
        case = data.draw(engine().find_operation_by_id(operation.operation_id).as_strategy())
        if operation.body is not None:
            # The specification gives fuller records than a schema does, whose optional parts are mostly left out.
            case.body = {operation.body_wrapper: data.draw(records(operation.body))}
        # Such segments lead elsewhere: the client refuses them, and the HTTP library of schemathesis folds them away.
        assume(not LEADING_ELSEWHERE & set(path_values(case).values()))
        recorder.requests.clear()
        try:
            module_of(operation).sync_detailed(client=client, **arguments(operation, case))
        except WriteError as refused:
            raise AssertionError(f"the client refuses what the document allows: {refused}") from refused
        ours = recorder.taken()
        requests.request(**case.as_transport_kwargs(base_url=recorder.base_url), timeout=PATIENCE)
        theirs = recorder.taken()
        assert said(ours, operation.body) == said(theirs, operation.body)
        assert ours.headers["authorization"] == f"Bearer {TOKEN}"
        assert ours.headers["accept"] == "application/json"
        compared += 1

    both_send_the_same()
    assert compared > 0


@EACH_KIND
@pytest.mark.parametrize("operation", WITH_DATA)
def test_what_the_document_allows_is_read_and_written_back_unchanged(
    operation: Operation, recorder: Recorder, client: AuthenticatedClient
) -> None:
    recorder.status = 200
    module = module_of(operation)
    values = {each.attribute: "an-id" for each in operation.parameters if each.location == "path"}

    @EXAMPLES
    @given(responses(operation))
    def nothing_is_lost(answer: dict[str, Any]) -> None:
        assert validator(operation).is_valid(answer)
        recorder.answer = json.dumps(answer).encode()
        read = module.sync(client=client, **values)
        assert canonical(read.to_dict()) == canonical(answer)
        assert canonical(read.to_wire()) == canonical(answer)
        assert not read.problems()

    nothing_is_lost()


@EACH_KIND
@pytest.mark.parametrize("operation", WITH_DATA)
def test_it_reads_the_same_when_asked_asynchronously(operation: Operation, recorder: Recorder) -> None:
    recorder.status = 200
    module = module_of(operation)
    values = {each.attribute: "an-id" for each in operation.parameters if each.location == "path"}

    async def read() -> Any:
        async with AuthenticatedClient(base_url=recorder.base_url, token=TOKEN) as client:
            return await module.asyncio(client=client, **values)

    @settings(EXAMPLES, max_examples=2)
    @given(responses(operation))
    def nothing_is_lost(answer: dict[str, Any]) -> None:
        recorder.answer = json.dumps(answer).encode()
        assert canonical(asyncio.run(read()).to_dict()) == canonical(answer)

    nothing_is_lost()


def test_every_operation_and_every_element_is_tried() -> None:
    assert {case.id for case in ALL} == set(OPERATIONS)
    read = {operation.element for operation in OPERATIONS.values() if operation.method == "GET"}
    inner = {"GUIDRef", "UserId", "StatusInfo"}
    assert read | inner == set(ELEMENTS)
