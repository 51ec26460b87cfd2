"""No request is too strange for a clean answer: never a 5xx, and every refusal says why in the status payload."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation
from oneroster_v1p1 import specification
from tests.series import examples

ELEMENTS = specification().elements
OPERATIONS = specification().operations

(BASE_PATH,) = Standard.of().specification.services.values()

NAMES = st.sampled_from(["limit", "offset", "sort", "orderBy", "filter", "fields", "unknown"])
FIELDS = st.sampled_from(sorted({name for element in ELEMENTS.values() for name in element.properties}))
OPERATORS = st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "~", "==", " = "])
VALUES = st.text(max_size=12) | st.sampled_from(["true", "2024-08-01", "2024-08-01T00:00:00Z", "17.5", "9" * 400])
CLAUSES = st.builds(lambda name, operator, value: f"{name}{operator}'{value}'", FIELDS, OPERATORS, VALUES)
EXPRESSIONS = CLAUSES | st.builds(
    lambda left, word, right: f"{left}{word}{right}", CLAUSES, st.sampled_from([" AND ", " OR ", " and "]), CLAUSES
)
TEXTS = st.text() | EXPRESSIONS | FIELDS | st.integers().map(str) | st.lists(FIELDS).map(",".join)
# What a target may hold on the wire: printable ASCII, percent signs with and without sense behind them.
RAW = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="?#"), max_size=40)
PIECES = st.builds(lambda name, value: f"{name}={quote(value)}", NAMES, TEXTS) | RAW
QUERIES = st.lists(PIECES, max_size=5).map("&".join)
IDS = st.text(min_size=1).map(lambda text: quote(text, safe="")) | RAW.filter(bool)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(token_lifetime=60) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def connection(tenant: Sandbox) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection(urlsplit(tenant.base_url).netloc)) as connection:
        yield connection


def ask(
    connection: HTTPConnection, method: str, target: str, headers: dict[str, str], body: bytes | None = None
) -> int:
    """Send a request whose target goes out byte for byte; return its status once the answer is seen to be clean."""
    connection.request(method, target, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status < 500, content
    assert answer.headers["Cache-Control"] == "no-store"
    if answer.status >= 400 and method != "HEAD":
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(content)["statusInfoSet"]
    return answer.status


@pytest.mark.series
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.operation_id)
@examples(15)
@given(data=st.data())
def test_no_request_to_an_operation_is_answered_with_a_5xx(
    connection: HTTPConnection, tenant: Sandbox, operation: Operation, data: st.DataObject
) -> None:
    path = BASE_PATH + operation.path
    for parameter in operation.parameters:
        if parameter.location == "path":
            path = path.replace("{" + parameter.name + "}", data.draw(IDS))
    query = data.draw(QUERIES)
    headers = {"Authorization": f"Bearer {tenant.token}"}
    body = None
    if operation.body:
        record = data.draw(JSON)
        body = data.draw(st.binary() | st.just(json.dumps({operation.body_wrapper: record}).encode()))
    ask(connection, operation.method, f"{path}?{query}" if query else path, headers, body)


@given(operation=st.sampled_from(sorted(OPERATIONS.values())), query=QUERIES)
def test_no_parameters_break_a_collection(
    connection: HTTPConnection, tenant: Sandbox, operation: Operation, query: str
) -> None:
    whole = OPERATIONS[operation.subset.of if operation.subset else "getAllEnrollments"]
    status = ask(connection, "GET", f"{BASE_PATH}{whole.path}?{query}", {"Authorization": f"Bearer {tenant.token}"})
    assert status in (200, 400)


@given(method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "TRACE"]), path=RAW, query=RAW)
def test_no_address_breaks_the_tenant(connection: HTTPConnection, method: str, path: str, query: str) -> None:
    ask(connection, method, f"{BASE_PATH}/{path}?{query}", {})
    ask(connection, method, f"/{path.lstrip('/')}", {})


HEADERS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80).map(str.strip)
SIGNED = st.lists(
    st.builds(
        lambda name, value: f'oauth_{name}="{value}"',
        st.sampled_from(["consumer_key", "signature", "nonce", "timestamp", "signature_method", "token", "version"]),
        st.sampled_from(["1750000000", "HMAC-SHA256", "HMAC-SHA1", "RSA-SHA1", "sandbox-client", "1.0"]) | HEADERS,
    ),
    max_size=8,
).map(", ".join)


@given(
    scheme=st.sampled_from(["Bearer", "bearer", "OAuth", "Basic", ""]), rest=HEADERS | SIGNED, host=HEADERS, query=RAW
)
def test_no_credentials_break_the_door(
    connection: HTTPConnection, scheme: str, rest: str, host: str, query: str
) -> None:
    headers = {"Authorization": f"{scheme} {rest}".strip(), "Host": host}
    # A host that is none is refused by the HTTP library below; only its own refusal is plain text.
    connection.request("GET", f"{BASE_PATH}/orgs?{query}", headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 401


@given(
    body=st.binary() | RAW.map(str.encode) | st.just(b"grant_type=client_credentials&scope=%ff"),
    authorization=HEADERS,
    query=RAW,
)
def test_no_form_breaks_the_token_endpoint(
    connection: HTTPConnection, body: bytes, authorization: str, query: str
) -> None:
    headers = {"Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"/oauth/token?{query}", body, headers)
    answer = connection.getresponse()
    assert "error" in json.loads(answer.read())
    assert answer.status in (400, 401)
