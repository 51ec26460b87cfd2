"""What the faults that rehearse a client do: on the wire, try by try, and that the sandbox lives through them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from oneroster.sandbox import Sandbox, SandboxCredentials, create_app
from oneroster.sandbox.district.size import Size
from oneroster.sandbox.faults.client.attempt_counter import AttemptCounter
from oneroster.sandbox.store.store import Store
from tests.patience import PATIENCE
from tests.sandbox.serving import client_of, serving

MOST = 300_000


def taken(client: httpx.Client, path: str, most: int = MOST) -> tuple[int, int]:
    """Status and bytes of an answer, left when there are more bytes than that."""
    size = 0
    with client.stream("GET", path) as answer:
        for chunk in answer.iter_raw():
            size += len(chunk)
            if size > most:
                break
        return answer.status_code, size


def tries(client: httpx.Client, path: str = "/orgs", number: int = 4) -> list[Any]:
    """What comes of asking the same again and again: statuses, or the names of errors."""
    outcomes: list[Any] = []
    for _ in range(number):
        try:
            answer = client.get(path)
            answer.json()
            outcomes.append(answer.status_code)
        except (httpx.HTTPError, ValueError) as error:
            outcomes.append(type(error).__name__)
    return outcomes


def page(client: httpx.Client, **parameters: Any) -> httpx.Response:
    return client.get("/users", params=parameters)


def ids(client: httpx.Client, **parameters: Any) -> list[str]:
    found = page(client, **parameters).json()
    rows = found if isinstance(found, list) else found["users"]
    return [row["sourcedId"] for row in rows]


def totals(client: httpx.Client) -> list[str | None]:
    return [page(client, limit=10, offset=offset).headers.get("x-total-count") for offset in (0, 10, 40)]


def next_url(client: httpx.Client, **parameters: Any) -> str:
    return page(client, **parameters).links.get("next", {}).get("url", "")


def followed(client: httpx.Client) -> list[str]:
    """The ids along the next links, as long as these lead on."""
    rows, url = ids(client, limit=20), next_url(client, limit=20)
    for _ in range(3):
        if url:
            answer = client.get(url)
            rows += [row["sourcedId"] for row in answer.json()["users"]]
            url = answer.links.get("next", {}).get("url", "")
    return rows


def seen_over_requests(client: httpx.Client) -> list[int]:
    """Different rows of the whole collection, request by request."""
    return [len(set(ids(client, limit=1000))) for _ in range(4)]


def bodies(client: httpx.Client) -> list[Any]:
    """What stands in a later page, asked for three times; the status when there is nothing."""
    found = []
    for _ in range(3):
        answer = page(client, limit=10, offset=10)
        found.append(answer.json()["users"] if answer.status_code == 200 else answer.status_code)
    return [len(rows) if isinstance(rows, list) else rows for rows in found]


def odd_rows(client: httpx.Client) -> list[Any]:
    rows = page(client, limit=1000).json()["users"]
    return [row for row in rows if not isinstance(row, dict) or not isinstance(row["status"], str)]


def page_of(client: httpx.Client) -> tuple[int, str, bool]:
    """Status and type of an answer, and whether its text is in another encoding than JSON."""
    answer = client.get("/orgs")
    return answer.status_code, answer.headers["content-type"], "\u00e9".encode("latin-1") in answer.content


TORN = ["RemoteProtocolError", "RemoteProtocolError", 200, "RemoteProtocolError"]

REHEARSALS: dict[str, tuple[Callable[[httpx.Client], Any], Any]] = {
    # name of the fault: what is looked at, and what it shows
    "limit-clamped": (lambda c: (len(ids(c, limit=50)), totals(c), next_url(c, limit=5)), (7, [None] * 3, "")),
    "offset-stuck": (lambda c: ids(c, limit=10, offset=30) == ids(c, limit=10, offset=10), True),
    "total-missing": (lambda c: (totals(c), next_url(c, limit=5)), ([None] * 3, "")),
    "total-zero": (totals, ["0", "0", "0"]),
    "total-of-page": (totals, ["10", "10", "1"]),
    "total-too-small": (totals, ["20", "20", "20"]),
    "total-shrinks": (totals, ["41", "40", "37"]),
    "ties-reordered": (
        lambda c: [
            len({name for offset in (0, 10, 20, 30, 40) for name in ids(c, limit=10, offset=offset, **more)})
            for more in ({}, {"sort": "familyName"}, {"sort": "sourcedId"})
        ],
        [33, 33, 41],
    ),
    "row-deleted": (seen_over_requests, [41, 41, 40, 40]),
    "row-inserted": (seen_over_requests, [40, 40, 41, 41]),
    "empty-page": (bodies, [0, 10, 0]),
    "null-page": (bodies, [None, 10, None]),
    "no-content-page": (bodies, [204, 10, 204]),
    "empty-first": (
        lambda c: [(len(page(c, limit=9).json()["users"]), totals(c)[0]) for _ in range(2)],
        [(0, "0"), (9, "41")],
    ),
    "dead-end": (bodies, [0, 0, 0]),
    "cursor-links": (lambda c: (ids(c, offset=9) == ids(c), totals(c)[0], len(set(followed(c)))), (True, None, 41)),
    "cursor-loop": (lambda c: (len(followed(c)), len(set(followed(c)))), (61, 41)),
    "foreign-links": (lambda c: httpx.URL(next_url(c, limit=5)).host, "localhost"),
    "bare-array": (lambda c: type(page(c).json()), list),
    "broken-record": (lambda c: [sorted(map(type, row.values()), key=str).count(int) for row in odd_rows(c)], [1]),
    "row-no-object": (lambda c: [type(row) for row in odd_rows(c)], [str]),
    "truncated-body": (tries, TORN),
    "connection-reset": (tries, ["ReadError", "ReadError", 200, "ReadError"]),
    "short-length": (tries, ["JSONDecodeError", "JSONDecodeError", 200, "JSONDecodeError"]),
    "undecodable-body": (tries, ["DecodingError", "DecodingError", 200, "DecodingError"]),
    "login-page": (tries, ["JSONDecodeError", "JSONDecodeError", 200, "JSONDecodeError"]),
    "endless-body": (lambda c: taken(c, "/orgs")[1] > MOST, True),
    "slow-drip": (lambda c: 5 < taken(c, "/orgs", most=5)[1] < 1000, True),
    "gzip-bomb": (lambda c: (taken(c, "/orgs")[1] > MOST, c.get("/orgs/nobody").status_code), (True, 404)),
    "busy-seconds": (tries, [429, 200, 429, 200]),
    "busy-date": (tries, [429, 200, 429, 200]),
    "busy-without-time": (lambda c: tries(c, number=7), [429] * 6 + [200]),
    "busy-reset": (
        lambda c: (tries(c), int(c.get("/orgs").headers["x-ratelimit-reset"]) > 1e9),
        ([429, 200] * 2, True),
    ),
    "server-error-first": (tries, [500, 500, 200, 500]),
    "error-page": (page_of, (500, "text/html; charset=ISO-8859-1", True)),
    "latin-page": (page_of, (200, "text/html; charset=ISO-8859-1", True)),
    "failure-as-success": (
        lambda c: (page(c).status_code, page(c).json()["users"], totals(c)[0]),
        (200, [], "0"),
    ),
    "demographics-error": (lambda c: [c.get(path).status_code for path in ("/demographics", "/orgs")], [500, 200]),
    "vendor-header": (
        lambda c: [
            c.get("/categories", headers=headers).status_code for headers in ({}, {"X-Vendor-Authorization": "k"})
        ],
        [401, 200],
    ),
    "bad-gateway": (tries, [502, 502, 200, 502]),
    "unavailable": (tries, [503, 503, 200, 503]),
    "gateway-timeout": (tries, [504, 504, 200, 504]),
    "foreign-redirect": (lambda c: httpx.URL(c.get("/orgs").headers["location"]).host, "localhost"),
    "token-revoked": (lambda c: [c.get("/orgs").status_code for _ in range(6)], [200] * 4 + [401] * 2),
    "token-expired": (lambda c: c.get("/orgs").status_code, 401),
}


@pytest.fixture(params=REHEARSALS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_a_rehearsal_shows_and_the_sandbox_lives_on(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    look, shows = REHEARSALS[name]
    with serving(faults=[name]) as client:
        assert look(client) == shows
        # A client that left, or was left, costs no one else an answer; errors come as they would without the fault.
        assert client.get("/orgs/nobody").status_code in (401, 404)
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="module")
def conforming(oneroster_sandbox: Sandbox) -> Iterator[httpx.Client]:
    with client_of(oneroster_sandbox) as client:
        yield client


def test_the_conforming_tenant_rehearses_nothing(conforming: httpx.Client, name: str) -> None:
    look, shows = REHEARSALS[name]
    try:
        assert look(conforming) != shows
    except (KeyError, httpx.HTTPError):
        return


def test_other_requests_have_turns_of_their_own() -> None:
    with serving(faults=["unavailable"]) as client:
        assert [client.get(path).status_code for path in ("/orgs", "/users", "/orgs", "/orgs", "/users")] == [
            503, 503, 503, 200, 503,
        ]  # fmt: skip
    with serving(faults=["unavailable"]) as client:
        assert tries(client) == [503, 503, 200, 503], "each tenant begins anew"


def test_writes_are_not_refused() -> None:
    with serving(faults=["unavailable"]) as client:
        assert client.delete("/results/nobody").status_code == 404


@pytest.mark.parametrize("fault", ["endless-body", "slow-drip", "gzip-bomb"])
def test_a_client_that_stays_does_not_hold_the_end_of_the_sandbox(
    fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with staying(fault) as ended:
        began = time.monotonic()
    del ended
    assert time.monotonic() - began < PATIENCE
    assert capfd.readouterr().err == ""


@contextmanager
def staying(fault: str) -> Iterator[None]:
    with Sandbox(faults=[fault]) as tenant, client_of(tenant) as client:
        answer = client.send(client.build_request("GET", "/orgs"), stream=True)
        next(answer.iter_raw())
        yield


def test_under_another_server_a_torn_answer_is_refused_cleanly() -> None:
    async def statuses(store: Store) -> list[int]:
        app = create_app(store, faults=["truncated-body"], credentials=SandboxCredentials(token="t0ken"))
        headers = {"Authorization": "Bearer t0ken"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), headers=headers) as client:
            return [(await client.get("http://here/ims/oneroster/v1p1/orgs")).status_code for _ in range(3)]

    with Store.open(Size(40), 1, cache=None) as store:
        assert asyncio.run(statuses(store)) == [501, 501, 200]


def test_what_is_remembered_is_bounded() -> None:
    turns = AttemptCounter()
    assert [turns.next("first"), turns.next("first"), turns.next("second")] == [1, 2, 1]
    for number in range(20_000):
        turns.next(number)
    assert turns.next("first") == 1
    assert turns.next(19_999) == 2


def test_an_odd_token_has_another_kind_and_a_lifetime_without_end_c10() -> None:
    with Sandbox(faults=["odd-token"]) as tenant:
        form = {"grant_type": "client_credentials"}
        answer = httpx.post(tenant.token_url, data=form, auth=(tenant.client_id, tenant.client_secret))
        assert answer.json()["token_type"] == "BearerToken"
        assert b"9" * 400 in answer.content
        assert httpx.post(tenant.token_url, data=form).status_code == 401
