"""The generated clients read every response that schemathesis makes of the documents, and no other breaks them.

By default a sample of the operations and statuses runs with few examples; `--all` runs each with ten times as many, and
`--seed` repeats a run.
"""

import json
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core import NotSet

from oneroster.standard import Standard
from oneroster_runtime.errors import FieldError, OneRosterError, StatusError
from oneroster_runtime.records import Record
from oneroster_runtime.responses import Response
from tests.contract.engine_responses import JSON, Documented, documented, engine_bodies, schema_of
from tests.contract.test_generated_client import canonical
from tests.series import examples

WITH_BODY = [pytest.param(case, id=case.name) for case in documented() if schema_of(case) is not None]
EACH_KIND = pytest.mark.series(by=lambda given: (given["case"].version, given["case"].status[0]))
FEW = settings(
    examples(5),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    # To shrink a response that schemathesis made takes minutes.
    phases=[Phase.explicit, Phase.generate],
)


def answered(case: Documented, content: bytes, media_type: str = JSON) -> Response[Any]:
    """Return what the generated module of an operation makes of a response."""
    module = Standard.of(case.version).api(case.operation)
    values = {each.attribute: "an-id" for each in case.operation.parameters if each.location == "path"}
    if case.operation.body is None:
        sent = module.request(**values)
    else:
        sent = SimpleNamespace(operation_id=case.operation.operation_id, method=case.operation.method, path="/x")
    received = SimpleNamespace(
        status_code=int(case.status), headers={"content-type": media_type}, content=content, url="http://sis.example/x"
    )
    found: Response[Any] = module.response(sent, received)
    return found


def encoded(body: Any) -> bytes:
    """Return what a server sends; schemathesis also makes bodies that are no JSON, and none at all."""
    if isinstance(body, bytes):
        return body
    return b"" if isinstance(body, NotSet) else json.dumps(body).encode()


def without_empty(data: Any) -> Any:
    """Return data without empty strings, which servers send for what they do not have; they are read as absent."""
    if isinstance(data, dict):
        return {name: without_empty(value) for name, value in data.items() if value != ""}
    return [without_empty(value) for value in data] if isinstance(data, list) else canonical(data)


def look_at(value: object) -> None:
    """Read every attribute of a record and of what it holds; a missing or unreadable one has an error of its own."""
    if isinstance(value, list):
        for each in value:
            look_at(each)
    if not isinstance(value, Record):
        return
    assert repr(value)
    for name in value.BY_ATTRIBUTE:
        try:
            look_at(getattr(value, name))
        except FieldError:
            continue
    for problem in value.problems():
        assert str(problem)


@EACH_KIND
@pytest.mark.parametrize("case", WITH_BODY)
def test_what_the_schema_of_a_status_allows_is_read_and_written_back_equal(case: Documented) -> None:
    schema = {**(schema_of(case) or {}), "components": Standard.of(case.version).document()["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)

    @FEW
    @given(engine_bodies(case, valid=True))
    def nothing_is_lost(body: Any) -> None:
        assert validator.is_valid(body)
        response = answered(case, json.dumps(body).encode())
        if response.is_success:
            parsed = response.result()
            if parsed is None:
                return
            look_at(parsed)
            assert without_empty(parsed.to_dict()) == without_empty(body)
            assert without_empty(parsed.to_wire()) == without_empty(body)
            assert not parsed.problems()
            return
        with pytest.raises(StatusError) as told:
            response.result()
        assert told.value.status_code == int(case.status)
        assert str(told.value)
        for entry in response.status_info:
            look_at(entry)
        if case.version == "1.1":
            # Later versions nest the minor codes, of which the first is read.
            assert [without_empty(each.to_dict()) for each in response.status_info] in without_empty(
                list(body.values())
            )

    nothing_is_lost()


@EACH_KIND
@pytest.mark.parametrize("case", WITH_BODY)
def test_what_the_schema_forbids_is_read_or_refused_by_an_error_of_ours(case: Documented) -> None:
    @FEW
    @given(engine_bodies(case, valid=False), st.integers(0, 40))
    def no_other_error(body: Any, cut: int) -> None:
        content = encoded(body)
        for told in (content, content[: max(len(content) - cut, 0)]):
            try:
                response = answered(case, told)
                for entry in response.status_info:
                    look_at(entry)
                parsed = response.result()
            except OneRosterError:
                continue
            look_at(parsed)
            assert parsed is None or isinstance(parsed.to_dict(), dict)

    no_other_error()


def test_every_operation_of_every_version_has_a_status_that_is_tried() -> None:
    tried = {(case.version, case.operation.operation_id) for case in documented()}
    for version in Standard.versions():
        assert {name for known, name in tried if known == version} == set(Standard.of(version).specification.operations)
    assert {case.status[0] for case in documented()} == {"2", "4", "5"}
