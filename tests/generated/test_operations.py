"""Every operation sends what the document says and reads what the document allows, sync and async, over real HTTP."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from oneroster_runtime.specification import Operation
from oneroster_v1p1 import api, document, models, specification
from tests.generated.loopback import Loopback, call, module_of

ELEMENTS = specification().elements
OPERATIONS = specification().operations

STYLES = ("sync", "asyncio")
AWKWARD = "a/b|c d%2Fe'f?g#h+i"
QUERY = {
    "limit": (7, "7"),
    "offset": (0, "0"),
    "sort": ("familyName", "familyName"),
    "order_by": ("desc", "desc"),
    "filter": ("familyName~'O B+c' AND status='active'", "familyName~%27O%20B%2Bc%27%20AND%20status%3D%27active%27"),
    "fields": ("sourcedId,status", "sourcedId%2Cstatus"),
}


def example(operation: Operation) -> Any:
    """The synthetic answer of the document."""
    parts = document()["components"]
    path = document()["paths"][operation.path][operation.method.lower()]
    response = parts["responses"][path["responses"]["200"]["$ref"].rpartition("/")[2]]
    reference = response["content"]["application/json"]["examples"]["synthetic"]["$ref"]
    return parts["examples"][reference.rpartition("/")[2]]["value"]


def arguments(operation: Operation) -> dict[str, Any]:
    """A value for each parameter, and a body when there is one."""
    given: dict[str, Any] = {
        parameter.attribute: AWKWARD if parameter.location == "path" else QUERY[parameter.attribute][0]
        for parameter in operation.parameters
    }
    if operation.body:
        given["body"] = getattr(models, f"Single{operation.body}").from_dict(example(operation))
    return given


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_operation_sends_its_request_and_reads_its_answer(loopback: Loopback, operation_id: str, style: str) -> None:
    operation = OPERATIONS[operation_id]
    answer = example(operation) if operation.wrapper else None
    loopback.answers(answer, status=200 if answer else 204)

    found = call(loopback.base_url, operation_id, style, **arguments(operation))

    (seen,) = loopback.seen
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace("{" + parameter.name + "}", quote(AWKWARD, safe=""))
    pairs = [f"{each.name}={QUERY[each.attribute][1]}" for each in operation.parameters if each.location == "query"]
    assert seen.method == operation.method
    assert seen.target == "/ims/oneroster/v1p1" + path + ("?" + "&".join(pairs) if pairs else "")
    assert seen.headers["accept"] == "application/json"
    if operation.body:
        assert json.loads(seen.body) == answer
        assert seen.headers["content-type"] == "application/json"
    assert (found.to_dict() if found is not None else None) == answer


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_nothing_is_sent_that_the_caller_did_not_give(loopback: Loopback, operation_id: str, style: str) -> None:
    operation = OPERATIONS[operation_id]
    loopback.answers(example(operation) if operation.wrapper else None)
    given = arguments(operation)
    optional = {parameter.attribute for parameter in operation.parameters if not parameter.required}
    call(
        loopback.base_url, operation_id, style, **{name: value for name, value in given.items() if name not in optional}
    )
    assert "?" not in loopback.seen[0].target


def test_the_package_has_each_operation_of_the_document_and_no_other() -> None:
    folder = Path(api.__path__[0])
    written = {f"{path.parent.name}.{path.stem}" for path in folder.glob("*/*.py") if path.stem != "__init__"}
    assert written == {
        module_of(operation).__name__.removeprefix("oneroster_v1p1.api.") for operation in OPERATIONS.values()
    }
    assert len(OPERATIONS) == 64


def test_every_collection_leads_to_a_read_of_the_same_element() -> None:
    for operation in OPERATIONS.values():
        if operation.many:
            assert operation.item_read is not None
            assert OPERATIONS[operation.item_read].element == operation.element
            assert operation.element in ELEMENTS


EXAMPLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "kimono_examples.json").read_text(encoding="utf-8")
)


def shape(method: str, path: str) -> str:
    """Method and path with nameless parameters: a vendor calls them otherwise, which nobody sees on the wire."""
    return f"{method} " + "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


BY_SHAPE = {shape(operation.method, operation.path): operation for operation in OPERATIONS.values()}


def in_strings(value: Any) -> Any:
    """JSON data with booleans as the standard writes them."""
    if isinstance(value, dict):
        return {key: in_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_strings(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else value


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("request_line", EXAMPLES)
def test_what_kimono_documents_is_read_and_comes_out_whole(loopback: Loopback, request_line: str, style: str) -> None:
    operation = BY_SHAPE[shape(*request_line.split(" "))]
    assert "kimono" in operation.profiles
    loopback.answers(EXAMPLES[request_line])
    given = {parameter.attribute: "x" for parameter in operation.parameters if parameter.location == "path"}

    found = call(loopback.base_url, operation.operation_id, style, **given)

    assert found.problems() == []
    assert found.to_dict() == in_strings(EXAMPLES[request_line])


def test_kimono_documents_25_operations_and_the_document_knows_no_more_of_them() -> None:
    assert len(EXAMPLES) == 25
    known = {name for name, operation in BY_SHAPE.items() if "kimono" in operation.profiles}
    assert known == {shape(*line.split(" ")) for line in EXAMPLES}
