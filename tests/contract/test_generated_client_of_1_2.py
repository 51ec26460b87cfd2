"""The generated client of OneRoster 1.2 sends what schemathesis would send, for each of its 81 operations.

By default only the number is tested. What it reads is compared in test_client_under_engine.py, for every documented
status of both versions.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from hypothesis import assume, given
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from oneroster.standard import Standard
from oneroster_runtime.specification import Operation
from oneroster_v1p2 import AuthenticatedClient, WriteError, document, models, specification
from tests.contract.recorder import Recorder, recording
from tests.contract.test_generated_client import EXAMPLES, LEADING_ELSEWHERE, TOKEN, path_values, said
from tests.patience import PATIENCE

STANDARD = Standard.of("1.2")
OPERATIONS = specification().operations
ALL = [pytest.param(operation, id=name) for name, operation in OPERATIONS.items()]


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
def example(operation: Operation) -> dict[str, Any]:
    """Return the example of the document for the body of a write."""
    whole = document()
    found = whole["paths"][operation.path][operation.method.lower()]["requestBody"]["$ref"].rpartition("/")[2]
    content = whole["components"]["requestBodies"][found]["content"]["application/json"]
    name = next(iter(content["examples"].values()))["$ref"].rpartition("/")[2]
    body: dict[str, Any] = whole["components"]["examples"][name]["value"]
    return body


def arguments(operation: Operation, case: Any) -> dict[str, Any]:
    """The values of a case of schemathesis, by the names of the generated function."""
    drawn = {**path_values(case), **(case.query or {})}
    named = {each.attribute: drawn[each.name] for each in operation.parameters if each.name in drawn}
    if operation.body is not None:
        kind = f"{operation.body}Page" if operation.method == "POST" else f"Single{operation.body}"
        named["body"] = getattr(models, kind).from_dict(case.body)
    return named


@pytest.mark.only_with_all
@pytest.mark.parametrize("operation", ALL)
def test_it_sends_what_schemathesis_would_send(
    operation: Operation, recorder: Recorder, client: AuthenticatedClient
) -> None:
    recorder.status = min(status for status in operation.statuses if status < 300)
    wrapper = operation.created_wrapper or operation.wrapper
    plural = operation.many or operation.created_wrapper
    recorder.answer = json.dumps({wrapper: [] if plural else {}} if wrapper else {}).encode()
    compared = 0

    @EXAMPLES
    @given(st.data())
    def both_send_the_same(data: st.DataObject) -> None:
        nonlocal compared
        case = data.draw(engine().find_operation_by_id(operation.operation_id).as_strategy())
        if operation.body is not None:
            case.body = example(operation)
        assume(not LEADING_ELSEWHERE & set(path_values(case).values()))
        recorder.requests.clear()
        try:
            STANDARD.api(operation).sync_detailed(client=client, **arguments(operation, case))
        except WriteError as refused:
            raise AssertionError(f"the client refuses what the document allows: {refused}") from refused
        ours = recorder.taken()
        requests.request(**case.as_transport_kwargs(base_url=recorder.base_url), timeout=PATIENCE)
        theirs = recorder.taken()
        assert said(ours, operation.body) == said(theirs, operation.body)
        assert ours.headers["authorization"] == f"Bearer {TOKEN}"
        assert unquote(ours.target)
        compared += 1

    both_send_the_same()
    assert compared > 0


def test_all_81_operations_are_tried() -> None:
    assert len(ALL) == 81
