"""The generated clients send what schemathesis would send for the same values, and lose nothing of an answer.

By default a sample of the operations of OneRoster 1.1 runs; `--all` runs every operation of both versions.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from oneroster.standard import Standard
from oneroster_runtime.errors import WriteError
from oneroster_runtime.http_client import AuthenticatedClient
from oneroster_runtime.specification import Operation
from tests.contract.recorder import Received, Recorder, recording
from tests.contract.valid_responses import records, responses
from tests.patience import PATIENCE

TOKEN = "a-token"
NUMBERS = {"1.1": 64, "1.2": 81}
"""The operations of each document, with those of dialects."""
EXAMPLES = settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
LEADING_ELSEWHERE = {"", ".", ".."}


class Case(NamedTuple):
    """An operation of a version."""

    version: str
    operation: Operation

    @property
    def standard(self) -> Standard:
        return Standard.of(self.version)


def kind(given: Any) -> tuple[str, str | None, str]:
    """What the default sample has one case of."""
    case: Case = given["case"]
    return case.version, case.operation.element, case.operation.method


CASES = [Case(version, each) for version in NUMBERS for each in Standard.of(version).specification.operations.values()]
EACH_KIND = pytest.mark.series(by=kind)


def shown(cases: list[Case]) -> list[Any]:
    """Return the cases as parameters; a later version than the first runs with all only."""
    later = {version: [pytest.mark.only_with_all] for version in [*NUMBERS][1:]}
    return [
        pytest.param(case, id=f"{case.version} {case.operation.operation_id}", marks=later.get(case.version, ()))
        for case in cases
    ]


ALL = shown(CASES)
WITH_DATA = shown([case for case in CASES if case.operation.method == "GET"])


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with recording() as made:
        yield made


@pytest.fixture(scope="module")
def client(recorder: Recorder) -> Iterator[AuthenticatedClient]:
    with AuthenticatedClient(base_url=recorder.base_url, token=TOKEN) as made:
        yield made


@cache
def engine(standard: Standard) -> Any:
    """The document as schemathesis reads it."""
    config = SchemathesisConfig.from_dict({"generation": {"database": "none"}, "cache": {"enabled": False}})
    return schemathesis.openapi.from_dict(standard.document(), config=config)


@cache
def validator(case: Case) -> Any:
    """What validates the 200 answer of an operation by the document alone."""
    whole = case.standard.document()
    reference = whole["paths"][case.operation.path][case.operation.method.lower()]["responses"]["200"]["$ref"]
    schema = whole["components"]["responses"][reference.rsplit("/", 1)[1]]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": whole["components"]}, validate_formats=True)


def path_values(case: Any) -> dict[str, str]:
    """The path values of a case of schemathesis, which keeps them percent-encoded."""
    return {name: unquote(value) for name, value in (case.path_parameters or {}).items()}


def arguments(case: Case, drawn_case: Any) -> dict[str, Any]:
    """The values of a case of schemathesis, by the names of the generated function."""
    drawn = {**path_values(drawn_case), **(drawn_case.query or {})}
    named = {each.attribute: drawn[each.name] for each in case.operation.parameters if each.name in drawn}
    if case.operation.body is not None:
        wrapper = f"{case.operation.body}Page" if case.operation.body_many else f"Single{case.operation.body}"
        named["body"] = getattr(case.standard.models, wrapper).from_dict(drawn_case.body)
    return named


@cache
def bodies(case: Case) -> st.SearchStrategy[dict[str, Any]]:
    """The bodies of a write. The specification gives fuller records than a schema does, which mostly leaves out."""
    record = records(case.operation.body or "", case.standard.specification)
    data = st.lists(record, min_size=1, max_size=3) if case.operation.body_many else record
    return st.fixed_dictionaries({case.operation.body_wrapper or "": data})


def empty_answer(operation: Operation) -> bytes:
    """Return the answer to an operation without data."""
    wrapper = operation.created_wrapper or operation.wrapper
    plural = operation.created_wrapper is not None or operation.many
    return json.dumps({wrapper: [] if plural else {}} if wrapper else {}).encode()


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
@pytest.mark.parametrize("case", ALL)
def test_it_sends_what_schemathesis_would_send(case: Case, recorder: Recorder, client: AuthenticatedClient) -> None:
    operation, compared = case.operation, 0
    recorder.status = min(status for status in operation.statuses if status < 300)
    recorder.answer = empty_answer(operation)

    @EXAMPLES
    @given(st.data())
    def both_send_the_same(data: st.DataObject) -> None:
        nonlocal compared
        drawn = data.draw(engine(case.standard).find_operation_by_id(operation.operation_id).as_strategy())
        if operation.body is not None:
            drawn.body = data.draw(bodies(case))
        # Such segments lead elsewhere: the client refuses them, and the HTTP library of schemathesis folds them away.
        assume(not LEADING_ELSEWHERE & set(path_values(drawn).values()))
        recorder.requests.clear()
        try:
            case.standard.api(operation).sync_detailed(client=client, **arguments(case, drawn))
        except WriteError as refused:
            raise AssertionError(f"the client refuses what the document allows: {refused}") from refused
        ours = recorder.taken()
        requests.request(**drawn.as_transport_kwargs(base_url=recorder.base_url), timeout=PATIENCE)
        theirs = recorder.taken()
        assert said(ours, operation.body) == said(theirs, operation.body)
        assert ours.headers["authorization"] == f"Bearer {TOKEN}"
        assert ours.headers["accept"] == "application/json"
        compared += 1

    both_send_the_same()
    assert compared > 0


@EACH_KIND
@pytest.mark.parametrize("case", WITH_DATA)
def test_what_the_document_allows_is_read_and_written_back_unchanged(
    case: Case, recorder: Recorder, client: AuthenticatedClient
) -> None:
    recorder.status = 200
    module = case.standard.api(case.operation)
    values = {each.attribute: "an-id" for each in case.operation.parameters if each.location == "path"}

    @EXAMPLES
    @given(responses(case.operation, case.standard.specification))
    def nothing_is_lost(answer: dict[str, Any]) -> None:
        assert validator(case).is_valid(answer)
        recorder.answer = json.dumps(answer).encode()
        read = module.sync(client=client, **values)
        assert canonical(read.to_dict()) == canonical(answer)
        assert canonical(read.to_wire()) == canonical(answer)
        assert not read.problems()

    nothing_is_lost()


@EACH_KIND
@pytest.mark.parametrize("case", WITH_DATA)
def test_it_reads_the_same_when_asked_asynchronously(case: Case, recorder: Recorder) -> None:
    recorder.status = 200
    module = case.standard.api(case.operation)
    values = {each.attribute: "an-id" for each in case.operation.parameters if each.location == "path"}

    async def read() -> Any:
        async with AuthenticatedClient(base_url=recorder.base_url, token=TOKEN) as client:
            return await module.asyncio(client=client, **values)

    @settings(EXAMPLES, max_examples=2)
    @given(responses(case.operation, case.standard.specification))
    def nothing_is_lost(answer: dict[str, Any]) -> None:
        recorder.answer = json.dumps(answer).encode()
        assert canonical(asyncio.run(read()).to_dict()) == canonical(answer)

    nothing_is_lost()


@pytest.mark.parametrize(("version", "inner"), [("1.1", {"GUIDRef", "UserId", "StatusInfo"}), ("1.2", set())])
def test_every_operation_and_every_element_is_tried(version: str, inner: set[str]) -> None:
    specification = Standard.of(version).specification
    tried = [case.operation for case in CASES if case.version == version]
    assert len(tried) == len(specification.operations) == NUMBERS[version]
    read = {operation.element for operation in tried if operation.method == "GET"}
    nested = {each.record for one in specification.elements.values() for each in one.properties.values()}
    assert read | nested - {None} | inner | {"GUIDRef"} >= set(specification.elements) - {"GUIDPair", "CodeMinorSet"}
