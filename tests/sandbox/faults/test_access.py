"""Faults of access, privacy and HTTP: each does what it says, and the conforming tenant does not."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import fault_names_in
from oneroster_v1p1 import specification
from tests.sandbox.serving import client_of

OPERATIONS = specification().operations

NOON = 1_700_000_000.0
DAY = 86_400
GRANT = {"grant_type": "client_credentials"}


class Clock:
    """The time of a tenant, to be turned by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Visit(NamedTuple):
    """A tenant, its time, and a client with its static token."""

    tenant: Sandbox
    clock: Clock
    client: httpx.Client


@contextmanager
def visiting(*faults: str) -> Iterator[Visit]:
    clock = Clock()
    with Sandbox(faults=faults, clock=clock) as tenant, client_of(tenant) as client:
        yield Visit(tenant, clock, client)


@pytest.fixture(scope="module")
def conforming() -> Iterator[Visit]:
    with visiting() as visit:
        yield visit


def asked(visit: Visit, secret: str | None = None, **form: str) -> httpx.Response:
    """What the token endpoint answers."""
    shown = visit.tenant.client_secret if secret is None else secret
    return visit.client.post(visit.tenant.token_url, data=GRANT | form, auth=(visit.tenant.client_id, shown))


def scope_of(operation_id: str) -> str:
    return OPERATIONS[operation_id].oauth_scopes[-1]


def with_scope(visit: Visit, scope: str, path: str) -> int:
    token = asked(visit, scope=scope).json()["access_token"]
    return visit.client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def after_an_hour(visit: Visit, path: str = "/orgs") -> int:
    token = asked(visit).json()["access_token"]
    visit.clock.now += 3601
    try:
        return visit.client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code
    finally:
        visit.clock.now = NOON


def signed(
    visit: Visit,
    *,
    seconds_ago: int = 0,
    nonce: str | None = None,
    signed_query: str = "?limit=1",
    path: str = "/orgs",
) -> int:
    """The status of a read of one row that is signed by OAuth 1.0a."""
    signer = Client(
        visit.tenant.client_id,
        client_secret=visit.tenant.client_secret,
        signature_method=SIGNATURE_HMAC_SHA256,
        timestamp=str(int(NOON) - seconds_ago),
        nonce=nonce,
    )
    _, headers, _ = signer.sign(f"{visit.tenant.base_url}{path}{signed_query}")
    return visit.client.get(f"{path}?limit=1", headers=headers).status_code


def used_twice(visit: Visit, path: str = "/orgs") -> tuple[int, int]:
    nonce = secrets.token_hex(8)
    return signed(visit, nonce=nonce, path=path), signed(visit, nonce=nonce, path=path)


def classes_of_a_school(visit: Visit) -> str:
    school = visit.client.get("/schools?limit=1").json()["orgs"][0]["sourcedId"]
    return f"/schools/{quote(school, safe='')}/classes"


def users(visit: Visit) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visit.client.get("/users?limit=1000").json()["users"]
    return found


def error_with_name(visit: Visit) -> bool:
    user = users(visit)[0]
    told = visit.client.get(f"/users/{quote(user['sourcedId'], safe='')}?fields=")
    return told.status_code == 400 and user["familyName"] in told.json()["statusInfoSet"][0]["imsx_description"]


def hrefs(visit: Visit) -> list[str]:
    return [row["user"]["href"] for row in visit.client.get("/enrollments?limit=1000").json()["enrollments"]]


LOOKS: dict[str, tuple[Callable[[Visit], Any], Any, Any]] = {
    # name of the fault: what is looked at, what the conforming tenant shows, what the fault shows
    "blank-token": (lambda v: v.client.get("/orgs", headers={"Authorization": "Bearer"}).status_code, 401, 200),
    "no-challenge": (
        lambda v: "WWW-Authenticate" in v.client.get("/orgs", headers={"Authorization": "Basic x"}).headers,
        True,
        False,
    ),
    "any-secret": (lambda v: asked(v, "guessed").status_code, 401, 200),
    "any-grant": (lambda v: asked(v, grant_type="colour").status_code, 400, 200),
    "no-token-type": (lambda v: "token_type" in asked(v).json(), True, False),
    "token-cached": (lambda v: asked(v).headers["cache-control"], "no-store", "max-age=600"),
    "eternal-token": (after_an_hour, 401, 200),
    "eternal-token-in-gradebook": (lambda v: after_an_hour(v) == after_an_hour(v, "/results"), True, False),
    "scopes-ignored": (lambda v: with_scope(v, scope_of("getAllResources"), "/users"), 403, 200),
    "demographics-for-all": (lambda v: with_scope(v, scope_of("getAllUsers"), "/demographics"), 403, 200),
    "stale-timestamp": (lambda v: signed(v, seconds_ago=DAY), 401, 200),
    "nonce-twice": (used_twice, (200, 401), (200, 200)),
    "nonce-twice-below-parents": (lambda v: used_twice(v) == used_twice(v, classes_of_a_school(v)), True, False),
    "error-names-another": (
        lambda v: users(v)[0]["familyName"] in v.client.get("/users?filter=name").text,
        False,
        True,
    ),
    "query-unsigned": (lambda v: signed(v, signed_query=""), 401, 200),
    "password-sent": (lambda v: sum("password" in user for user in users(v)), 2, 3),
    "error-names-person": (error_with_name, False, True),
    "href-holds-name": (lambda v: any("?name=" in href for href in hrefs(v)), False, True),
    "link-holds-token": (lambda v: "access_token" in v.client.get("/users?limit=2").headers["Link"], False, True),
    "error-repeats-token": (
        lambda v: "guessed" in v.client.get("/orgs", headers={"Authorization": "Bearer guessed"}).text,
        False,
        True,
    ),
    "not-found-repeats-token": (
        lambda v: v.client.headers["Authorization"].partition(" ")[2] in v.client.get("/orgs/none").text,
        False,
        True,
    ),
    "link-holds-name": (lambda v: "after" in v.client.get("/users?limit=2").links, False, True),
    "latin-bytes": (lambda v: b"\xc3" in v.client.get("/users").content, True, False),
    "byte-order-mark": (lambda v: v.client.get("/orgs").content.startswith(b"\xef\xbb\xbf"), False, True),
    "latin-charset": (
        lambda v: v.client.get("/orgs").headers["content-type"],
        "application/json",
        "application/json; charset=ISO-8859-1",
    ),
    "head-without-total": (lambda v: "x-total-count" in v.client.head("/orgs").headers, True, False),
    "options-silent": (lambda v: "allow" in v.client.options("/orgs").headers, True, False),
    "shared-cache": (
        lambda v: v.client.get("/users").headers["cache-control"],
        "no-store",
        "public, max-age=3600",
    ),
    "always-gzip": (
        lambda v: v.client.get("/orgs", headers={"Accept-Encoding": "identity"}).headers.get("content-encoding"),
        None,
        "gzip",
    ),
    "html-for-browsers": (
        lambda v: v.client.get("/orgs", headers={"Accept": "text/html"}).headers["content-type"],
        "application/json",
        "text/html",
    ),
    "slash-redirect": (lambda v: v.client.get("/orgs/").status_code, 404, 301),
}


def test_every_fault_of_these_families_is_looked_at() -> None:
    own = set(fault_names_in("access_oauth", "privacy", "http"))
    assert own <= set(LOOKS)


@pytest.mark.parametrize("name", LOOKS)
def test_the_conforming_tenant_does_not_have_it(conforming: Visit, name: str) -> None:
    look, right, _ = LOOKS[name]
    assert look(conforming) == right


@pytest.mark.series
@pytest.mark.parametrize("name", LOOKS)
def test_a_fault_shows_and_disturbs_nothing_else(name: str) -> None:
    with visiting(name) as visit:
        look, _, wrong = LOOKS[name]
        assert look(visit) == wrong
        # What is not UTF-8 cannot be looked at as text.
        looks = {} if name == "latin-bytes" else LOOKS
        others = {other for other, (look, right, _) in looks.items() if other != name and look(visit) != right}
    # The charset of an answer is no matter of an HTML page, and the other way round.
    assert others - {"latin-charset": {"html-for-browsers"}}.get(name, set()) == set()


def test_what_is_compressed_unasked_still_reads() -> None:
    with visiting("always-gzip") as visit:
        plain = visit.client.get("/orgs?limit=2", headers={"Accept-Encoding": "identity"}).json()
        assert plain == visit.client.get("/orgs?limit=2").json()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"seconds_ago": DAY}, "timestamp is too far"),
        ({"signed_query": ""}, "key or signature"),
    ],
)
def test_a_refusal_says_why(conforming: Visit, options: dict[str, Any], reason: str) -> None:
    signer = Client(
        conforming.tenant.client_id,
        client_secret=conforming.tenant.client_secret,
        signature_method=SIGNATURE_HMAC_SHA256,
        timestamp=str(int(NOON) - options.get("seconds_ago", 0)),
    )
    _, headers, _ = signer.sign(f"{conforming.tenant.base_url}/orgs{options.get('signed_query', '?limit=1')}")
    told = conforming.client.get("/orgs?limit=1", headers=headers).json()["statusInfoSet"][0]
    assert reason in told["imsx_description"]


def test_a_token_that_has_ended_is_told_from_one_that_never_was(conforming: Visit) -> None:
    token = asked(conforming).json()["access_token"]
    conforming.clock.now += 3601
    try:
        ended = conforming.client.get("/orgs", headers={"Authorization": f"Bearer {token}"}).text
    finally:
        conforming.clock.now = NOON
    never = conforming.client.get("/orgs", headers={"Authorization": "Bearer never"}).text
    assert "has expired" in ended
    assert "has expired" not in never
