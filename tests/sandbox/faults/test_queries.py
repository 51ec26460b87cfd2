"""Each fault of paging, sorting, filtering and field selection shows in what it is about, and nowhere by itself."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from oneroster.sandbox import Sandbox
from tests.sandbox.serving import client_of, serving

Look = tuple[Callable[[httpx.Client], Any], Any, Any]
ALWAYS_TRUE = "name='x' OR '1'='1'"


def rows(client: httpx.Client, path: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(iter(client.get(path, params={"limit": 1000, **parameters}).json().values()))
    return found


def count(client: httpx.Client, path: str, expression: str, **parameters: Any) -> int:
    return len(rows(client, path, filter=expression, **parameters))


def status(client: httpx.Client, path: str, **parameters: Any) -> int:
    return client.get(path, params=parameters).status_code


def in_order(client: httpx.Client, path: str, field: str, *, descending: bool = False, **parameters: Any) -> bool:
    values = [row[field] for row in rows(client, path, sort=field, **parameters) if field in row]
    return values == sorted(values, reverse=descending)


def warned(client: httpx.Client, **parameters: Any) -> Any:
    return type(client.get("/orgs", params=parameters).json().get("statusInfoSet"))


def names(client: httpx.Client, path: str, **parameters: Any) -> set[str]:
    return {name for row in rows(client, path, **parameters) for name in row}


def own_order(client: httpx.Client, limit: int) -> list[str]:
    return [row["sourcedId"] for row in rows(client, "/users", limit=limit)[:5]]


def tied_twice(client: httpx.Client) -> bool:
    pages = [rows(client, "/results", sort="status", limit=50, offset=offset) for offset in (0, 50, 100)]
    met = [row["sourcedId"] for page in pages for row in page]
    return len(set(met)) < len(met)


def link(client: httpx.Client, relation: str, **parameters: Any) -> str:
    answer = client.get("/users", params={"limit": 10, "offset": 20, **parameters})
    return str(answer.links[relation]["url"])


def single(client: httpx.Client) -> set[str]:
    (first, *_) = rows(client, "/categories")
    return set(client.get(f"/categories/{first['sourcedId']}", params={"fields": "title"}).json()["category"])


def blanks_in_addresses(client: httpx.Client) -> bool:
    return any(" " in row["parent"]["href"] for row in rows(client, "/orgs") if "parent" in row)


def hidden_classes(client: httpx.Client) -> int:
    listed = {row["sourcedId"] for row in rows(client, "/classes")}
    schools = [row["sourcedId"] for row in rows(client, "/schools")]
    nested = {
        row["sourcedId"]
        for school in schools
        if "/" not in school
        for row in rows(client, f"/schools/{quote(school)}/classes")
    }
    return len(nested - listed)


def since(client: httpx.Client, literal: str) -> int:
    return count(client, "/results", f"dateLastModified>'{literal}'")


def latest(client: httpx.Client) -> str:
    return str(max(row["dateLastModified"] for row in rows(client, "/results")))


def last_start(client: httpx.Client) -> str:
    return str(max(row["startDate"] for row in rows(client, "/academicSessions")))


LOOKS: dict[str, Look] = {
    "status-as-object": (lambda c: warned(c, sort="colour"), list, dict),
    "null-required": (lambda c: {row["title"] is None for row in rows(c, "/categories")}, {False}, {True}),
    "href-unescaped": (blanks_in_addresses, False, True),
    "default-limit-20": (lambda c: len(c.get("/users").json()["users"]), 41, 20),
    "order-by-page-size": (lambda c: own_order(c, 30) == own_order(c, 200), True, False),
    "unstable-ties": (tied_twice, False, True),
    "total-before-filter": (
        lambda c: c.get("/users", params={"filter": "role='nobody'"}).headers["x-total-count"],
        "0",
        "41",
    ),
    "wrong-prev-link": (lambda c: link(c, "prev").endswith("offset=10"), True, False),
    "wrong-last-link": (lambda c: link(c, "last").endswith("offset=40"), True, False),
    "link-forgets-fields": (lambda c: "fields=" in link(c, "next", fields="role"), True, False),
    "flat-references": (lambda c: "user" in names(c, "/enrollments"), True, False),
    "ids-for-references": (lambda c: {type(row["orgs"][0]) for row in rows(c, "/users")}, {dict}, {str}),
    "relative-href": (
        lambda c: {row["school"]["href"].startswith("http") for row in rows(c, "/classes")},
        {True},
        {False},
    ),
    "empty-parent": (lambda c: any(row.get("parent") == {} for row in rows(c, "/orgs")), False, True),
    "filter-finds-hidden": (
        lambda c: count(c, "/courses", "status!='nothing'") - len(rows(c, "/courses")),
        0,
        1,
    ),
    "nested-finds-hidden": (hidden_classes, 0, 1),
    "sort-reversed": (lambda c: in_order(c, "/courses", "title", orderBy="desc"), False, True),
    "sort-ignored": (lambda c: in_order(c, "/courses", "title"), True, False),
    "numbers-sorted-as-text": (lambda c: in_order(c, "/results", "score"), True, False),
    "desc-ignored": (lambda c: in_order(c, "/courses", "title", descending=True, orderBy="desc"), True, False),
    "descending-by-default": (lambda c: in_order(c, "/orgs", "name"), True, False),
    "unknown-sort-refused": (lambda c: status(c, "/orgs", sort="colour"), 200, 400),
    "unknown-sort-silent": (lambda c: warned(c, sort="colour"), list, type(None)),
    "sort-drops-absent": (lambda c: len(rows(c, "/users", sort="middleName")), 41, 10),
    "filter-within-page": (lambda c: len(rows(c, "/users", filter="role='teacher'", limit=1)), 1, 0),
    "filter-ignored": (lambda c: count(c, "/users", "role='nobody'"), 0, 41),
    "unequal-as-equal": (lambda c: count(c, "/users", "role!='nobody'"), 41, 0),
    "contains-as-prefix": (lambda c: count(c, "/orgs", "name~'epublic of'"), 1, 0),
    "bounds-excluded": (lambda c: count(c, "/academicSessions", f"startDate>='{last_start(c)}'") > 0, True, False),
    "moments-as-days": (lambda c: since(c, latest(c)) > 0, False, True),
    "offset-dropped": (
        lambda c: since(c, latest(c)[:10] + "T23:59:59+23:00") == since(c, latest(c)[:10] + "T00:59:59Z"),
        True,
        False,
    ),
    "numbers-compared-as-text": (lambda c: count(c, "/lineItems", "resultValueMax>'9'"), 39, 0),
    "booleans-as-numbers": (lambda c: count(c, "/users", "enabledUser='true'") > 0, True, False),
    "list-equals-any": (lambda c: count(c, "/courses", "subjects='Mathematics,nothing'") > 0, False, True),
    "dotted-refused": (lambda c: status(c, "/classes", filter="school.sourcedId='x'"), 200, 400),
    "or-as-and": (lambda c: count(c, "/users", "role='student' OR role='teacher'") > 0, True, False),
    "unknown-filter-ignored": (lambda c: status(c, "/orgs", filter="colour='red'"), 400, 200),
    "malformed-filter-ignored": (lambda c: status(c, "/orgs", filter="name='x"), 400, 200),
    "malformed-filter-crashes": (lambda c: status(c, "/orgs", filter="name='x"), 400, 500),
    "like-wildcards": (lambda c: count(c, "/orgs", "name~'%'"), 0, 15),
    "injectable-filter": (lambda c: status(c, "/orgs", filter=ALWAYS_TRUE), 400, 200),
    "fields-ignored": (lambda c: names(c, "/categories", fields="title") == {"title"}, True, False),
    "fields-keep-id": (lambda c: names(c, "/categories", fields="title"), {"title"}, {"title", "sourcedId"}),
    "fields-ignored-on-singles": (lambda c: single(c) == {"title"}, True, False),
    "unknown-fields-refused": (lambda c: status(c, "/orgs", fields="colour"), 200, 400),
    "unknown-fields-silent": (lambda c: warned(c, fields="colour"), list, type(None)),
    "blank-fields-served": (lambda c: status(c, "/orgs", fields=""), 400, 200),
    "fields-before-filter": (lambda c: count(c, "/users", "status='active'", fields="role") > 0, True, False),
}


@pytest.fixture(scope="module")
def conforming(oneroster_sandbox: Sandbox) -> Iterator[httpx.Client]:
    with client_of(oneroster_sandbox) as client:
        yield client


@pytest.mark.parametrize("name", LOOKS)
def test_the_conforming_tenant_does_not_have_it(conforming: httpx.Client, name: str) -> None:
    look, right, _ = LOOKS[name]
    assert look(conforming) == right


@pytest.mark.series
@pytest.mark.parametrize("name", LOOKS)
def test_a_fault_shows(name: str) -> None:
    look, _, wrong = LOOKS[name]
    with serving(faults=[name]) as client:
        assert look(client) == wrong
