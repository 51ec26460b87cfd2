"""The three ways in, each met with an independent client where there is one."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from authlib.oauth1.rfc5849.client_auth import ClientAuth
from authlib.oauth1.rfc5849.signature import generate_signature_base_string

from oneroster.sandbox import Sandbox, SandboxCredentials
from oneroster.sandbox.auth.oauth1 import WINDOW, SignatureVerifier
from oneroster_runtime.specification import Operation
from oneroster_v1p1 import specification
from tests.sandbox.serving import reads

OPERATIONS = specification().operations

PREFIX = "https://purl.imsglobal.org/spec/or/v1p1/scope/"
CORE = PREFIX + "roster-core.readonly"
CREDENTIALS = SandboxCredentials("an id/with:odd+signs", "a s/ecret+with%odd:signs", "a-static-token")
LIFETIME = 600
HTTP = httpx.Client()


@pytest.fixture(scope="module", autouse=True)
def _close_connections() -> Iterator[None]:
    yield
    HTTP.close()


@dataclass
class Clock:
    """A clock that tests put forward."""

    now: float = field(default=1_750_000_000.0)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenant(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(credentials=CREDENTIALS, clock=clock, token_lifetime=LIFETIME) as tenant:
        yield tenant


def read_orgs(tenant: Sandbox, authorization: str | None = None, path: str = "/orgs") -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    return HTTP.get(tenant.base_url + path, headers=headers)


# ---- bearer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_static_token_opens_every_door(tenant: Sandbox, scheme: str) -> None:
    assert read_orgs(tenant, f"{scheme} {tenant.token}").status_code == 200
    assert read_orgs(tenant, f"{scheme} {tenant.token}", "/demographics").status_code == 200


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, None),
        ("Bearer", "invalid_token"),
        ("Bearer wrong", "invalid_token"),
        ("Bearer a-static-token2", "invalid_token"),
        ("Bearer \xe9", "invalid_token"),
        ("Basic YTpi", None),
        ("a-static-token", None),
        ("OAuth", None),
        ('OAuth oauth_consumer_key="x"', None),
    ],
)
def test_without_good_credentials_nobody_comes_in(
    tenant: Sandbox, authorization: str | None, error: str | None
) -> None:
    answer = read_orgs(tenant, authorization)
    assert answer.status_code == 401
    [entry] = answer.json()["statusInfoSet"]
    assert (entry["imsx_codeMajor"], entry["imsx_codeMinor"]) == ("failure", "unauthorized")
    challenge = answer.headers["www-authenticate"]
    assert "Bearer realm=" in challenge
    assert "OAuth realm=" in challenge
    assert re.findall(r'error="(\w+)"', challenge) == ([error] if error else [])
    assert CREDENTIALS.token not in answer.text


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.operation_id)
def test_no_operation_is_open(oneroster_sandbox: Sandbox, operation: Operation) -> None:
    if "standard" in operation.profiles:
        path = re.sub(r"\{\w+\}", "x", operation.path)
        assert HTTP.request(operation.method, oneroster_sandbox.base_url + path).status_code == 401


# ---- OAuth 2 -----------------------------------------------------------------------------------------------------


def basic(client_id: str, secret: str) -> dict[str, str]:
    """A Basic header as RFC 6749, section 2.3.1, wants it: both form-encoded before base64."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def fetch(tenant: Sandbox, headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
    return HTTP.post(tenant.token_url, data={"grant_type": "client_credentials"} | form, headers=headers)


def test_a_token_is_fetched_by_header_or_by_body(tenant: Sandbox) -> None:
    by_header = fetch(tenant, basic(tenant.client_id, tenant.client_secret), scope=CORE)
    by_body = fetch(tenant, scope=CORE, client_id=tenant.client_id, client_secret=tenant.client_secret)
    for answer in (by_header, by_body):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"
        token = answer.json()
        assert token["token_type"].lower() == "bearer"
        assert (token["expires_in"], token["scope"]) == (LIFETIME, CORE)
        assert read_orgs(tenant, f"Bearer {token['access_token']}").status_code == 200


def test_a_token_expires(tenant: Sandbox, clock: Clock) -> None:
    token = fetch(tenant, basic(tenant.client_id, tenant.client_secret)).json()["access_token"]
    clock.now += LIFETIME - 1
    assert read_orgs(tenant, f"Bearer {token}").status_code == 200
    clock.now += 1
    assert read_orgs(tenant, f"Bearer {token}").status_code == 401


def test_asked_for_no_scope_all_are_granted(tenant: Sandbox) -> None:
    answer = fetch(tenant, basic(tenant.client_id, tenant.client_secret)).json()
    assert set(answer["scope"].split()) == {scope for one in OPERATIONS.values() for scope in one.oauth_scopes}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": CORE + " " + PREFIX + "everything"}, 400, "invalid_scope"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
    ],
)
def test_the_token_endpoint_says_what_is_wrong(tenant: Sandbox, form: dict[str, str], status: int, error: str) -> None:
    own = {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
    answer = fetch(tenant, **own | form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("www-authenticate", "").startswith("Basic" if status == 401 else "")


def test_a_client_authenticates_once_and_by_post(tenant: Sandbox) -> None:
    twice = fetch(tenant, basic(tenant.client_id, tenant.client_secret), client_secret=tenant.client_secret)
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    broken = fetch(tenant, {"Authorization": "Basic ,"}, client_secret=tenant.client_secret, client_id=tenant.client_id)
    assert broken.status_code == 400
    in_query = HTTP.post(f"{tenant.token_url}?grant_type=client_credentials")
    assert (in_query.status_code, in_query.json()["error"]) == (400, "invalid_request")
    get = HTTP.get(tenant.token_url)
    assert (get.status_code, get.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("operation", reads("standard"), ids=lambda operation: operation.operation_id)
def test_each_of_its_scopes_opens_a_read_and_no_other_does(oneroster_sandbox: Sandbox, operation: Operation) -> None:
    _check_scopes(oneroster_sandbox, operation)


@pytest.mark.parametrize("name", ["putCategory", "deleteCategory", "putResult", "deleteLineItem"])
def test_each_of_its_scopes_opens_a_write_and_no_other_does(oneroster_sandbox: Sandbox, name: str) -> None:
    _check_scopes(oneroster_sandbox, OPERATIONS[name])


def _check_scopes(tenant: Sandbox, operation: Operation) -> None:
    address = tenant.base_url + re.sub(r"\{\w+\}", "nobody", operation.path)
    for scope in sorted({scope for one in OPERATIONS.values() for scope in one.oauth_scopes}):
        token = _scoped_tokens(tenant, scope)
        answer = HTTP.request(operation.method, address, headers={"Authorization": f"Bearer {token}"})
        if scope in operation.oauth_scopes:
            assert answer.status_code in (200, 400, 404)
        else:
            assert answer.status_code == 403
            assert answer.json()["statusInfoSet"][0]["imsx_codeMinor"] == "forbidden"
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


TOKENS: dict[tuple[str, str], str] = {}


def _scoped_tokens(tenant: Sandbox, scope: str) -> str:
    key = (tenant.token_url, scope)
    if key not in TOKENS:
        TOKENS[key] = fetch(tenant, basic(tenant.client_id, tenant.client_secret), scope=scope).json()["access_token"]
    return TOKENS[key]


# ---- OAuth 1.0a --------------------------------------------------------------------------------------------------


def _hmac_sha256(client: Any, request: Any) -> str:
    """HMAC-SHA256 over the base string of Authlib, which knows the older digest only."""
    key = f"{quote(client.client_secret, safe='')}&{quote(client.token_secret or '', safe='')}"
    text = generate_signature_base_string(request)
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


ClientAuth.SIGNATURE_METHODS["HMAC-SHA256"] = _hmac_sha256


class Signer(ClientAuth):  # type: ignore[misc]  # authlib has no types
    """Authlib's signer, telling the time of the tests."""

    now: float = 0.0

    def get_oauth_params(self, nonce: str, timestamp: str) -> Any:  # noqa: ARG002  # authlib hands it in
        return super().get_oauth_params(nonce, str(int(self.now)))


def signer(tenant: Sandbox, clock: Clock, digest: str = "HMAC-SHA256", **options: Any) -> Signer:
    made = Signer(
        options.pop("client_id", tenant.client_id),
        options.pop("client_secret", tenant.client_secret),
        signature_method=digest,
        **options,
    )
    made.now = clock.now
    return made


def send(signer: Signer, method: str, url: str, **body: Any) -> httpx.Response:
    signed_url, headers, _ = signer.sign(method, url, {}, None)
    return HTTP.request(method, signed_url, headers=headers, **body)


@pytest.mark.parametrize("digest", ["HMAC-SHA256", "HMAC-SHA1"])
@pytest.mark.parametrize("place", ["HEADER", "QUERY"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?limit=2",
        "?filter=familyName%3D%27O%26B%27&limit=5",
        "?filter=status%3D%27active%27%20AND%20role~%27x%27",
        "?fields=sourcedId%2Cstatus&unknown=a%2Fb%2Bc&b=&a=1&a=2",
    ],
)
def test_a_signed_request_comes_in(tenant: Sandbox, clock: Clock, digest: str, place: str, query: str) -> None:
    answer = send(signer(tenant, clock, digest, signature_type=place), "GET", f"{tenant.base_url}/users{query}")
    assert answer.status_code == 200
    assert "oauth_" not in answer.headers.get("link", "")


def test_a_signed_request_may_read_and_write_everything(tenant: Sandbox, clock: Clock) -> None:
    address = f"{tenant.base_url}/categories/a%2Fb%20%2B"
    body = {"category": {"title": "Tests"}}
    assert send(signer(tenant, clock), "PUT", address, json=body).status_code == 201
    assert send(signer(tenant, clock), "GET", address).json()["category"]["sourcedId"] == "a/b +"
    assert send(signer(tenant, clock), "DELETE", address).status_code == 204
    assert send(signer(tenant, clock), "GET", f"{tenant.base_url}/demographics").status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"client_secret": "wrong"},
        {"client_id": "wrong"},
        {"digest": "PLAINTEXT"},
        {"token": "a-token", "token_secret": "its secret"},
    ],
    ids=str,
)
def test_a_wrong_signature_is_refused(tenant: Sandbox, clock: Clock, options: dict[str, str]) -> None:
    answer = send(signer(tenant, clock, **options), "GET", f"{tenant.base_url}/orgs")
    assert answer.status_code == 401
    assert answer.json()["statusInfoSet"][0]["imsx_codeMinor"] == "unauthorized"


def test_a_signature_holds_for_its_own_request_only(tenant: Sandbox, clock: Clock) -> None:
    _, headers, _ = signer(tenant, clock).sign("GET", f"{tenant.base_url}/orgs?limit=2", {}, None)
    assert HTTP.get(f"{tenant.base_url}/orgs?limit=3", headers=headers).status_code == 401
    assert HTTP.get(f"{tenant.base_url}/users?limit=2", headers=headers).status_code == 401
    assert HTTP.delete(f"{tenant.base_url}/categories/1", headers=headers).status_code == 401
    assert HTTP.get(f"{tenant.base_url}/orgs?limit=2", headers=headers).status_code == 200


def test_a_nonce_is_good_once(tenant: Sandbox, clock: Clock) -> None:
    address = f"{tenant.base_url}/orgs"
    _, headers, _ = signer(tenant, clock).sign("GET", address, {}, None)
    assert HTTP.get(address, headers=headers).status_code == 200
    assert HTTP.get(address, headers=headers).status_code == 401
    clock.now += WINDOW
    assert HTTP.get(address, headers=headers).status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(WINDOW, 200), (-WINDOW, 200), (WINDOW + 1, 401), (-WINDOW - 1, 401)])
def test_a_timestamp_is_good_for_its_window(tenant: Sandbox, clock: Clock, seconds: int, status: int) -> None:
    early = signer(tenant, clock)
    early.now += seconds
    assert send(early, "GET", f"{tenant.base_url}/orgs").status_code == status


EXAMPLE = "https://example.oneroster.com/ims/oneroster/v1p1/users"
STUDENTS = f"{EXAMPLE}?filter=role%3D%27student%27&limit=2"
NAMED = f"{EXAMPLE}?filter=familyName%3D%27O%26B%27"


@pytest.mark.parametrize(
    ("url", "digest", "version", "signature"),
    [
        (
            f"{EXAMPLE}?filter=role%3D%27student%27&limit=2",
            "HMAC-SHA256",
            "",
            "yGCjVI+Qm5IDdeBTmliHqSkJd3FE/F/YiVxaVAFu4NA=",
        ),
        (STUDENTS, "HMAC-SHA1", "1.0", "32vAdhnG2xWuyx57f85H6z4Dfp8="),
        (EXAMPLE, "HMAC-SHA256", "", "SwGnQi3+ljvf7KdWhzoUlmswwoiVRQeei7NSR1m6CEg="),
        (
            f"{EXAMPLE}?filter=familyName%3D%27O%26B%27",
            "HMAC-SHA256",
            "",
            "Zitead3qG/VaIieZ8/DER/Hb//SnHTZU0FfWBreTTXs=",
        ),
        (f"{EXAMPLE}?limit=2", "HMAC-SHA256", "", "6cql6VSyFNLmsOebw3ndaJEhM/Vkzzz1DZDeOleUG8w="),
        (
            f"{EXAMPLE}?filter=status%3D%27active%27%20AND%20role~%27x%27&limit=5",
            "HMAC-SHA256",
            "",
            "2mDUhi/o3GN9OZI8N33l7gPK8hoF9/i7U21nQcZWlV4=",
        ),
    ],
)
def test_signatures_of_other_implementations_are_accepted(url: str, digest: str, version: str, signature: str) -> None:
    """Signatures that ClassLink's library, or a second reading of the RFC, made for the same request."""
    parameters = {
        "oauth_consumer_key": "client-id",
        "oauth_signature_method": digest,
        "oauth_timestamp": "1700000000",
        "oauth_nonce": "0000000000",
        "oauth_signature": signature,
    } | ({"oauth_version": version} if version else {})
    header = "OAuth " + ",".join(f'{name}="{quote(value, safe="")}"' for name, value in parameters.items())
    verifier = SignatureVerifier("client-id", "client-secret", lambda: 1_700_000_000)
    assert verifier.verify("GET", url, {"Authorization": header}) is None
    assert verifier.verify("GET", url, {"Authorization": header}) is not None


def test_no_secret_stands_in_a_repr(tenant: Sandbox) -> None:
    for shown in (repr(tenant), repr(tenant.credentials)):
        assert CREDENTIALS.client_secret not in shown
        assert CREDENTIALS.token not in shown
