"""Each fault for the probes of the kit does what it says, and the conforming tenant does not."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import fault_names_in
from tests.sandbox.faults.test_token_endpoint import OF_TOKENS
from tests.sandbox.serving import client_of

Row = dict[str, Any]
Look = Callable[[httpx.Client], Any]
FAMILIES = (
    "contradictions",
    "careless_inputs",
    "combinations",
    "error_details",
    "field_details",
    "filter_literals",
    "loose_access",
    "lost_details",
    "narrow_queries",
    "near_credentials",
    "other_fields",
    "page_details",
    "partial_details",
    "partial_offers",
    "partial_paging",
    "partial_replies",
    "partial_selections",
    "partial_values",
    "query_details",
    "query_values",
    "record_relations",
    "record_values",
    "request_headers",
    "stored_values",
    "token_endpoint",
    "write_details",
    "write_effects",
)
OTHERS = {"crash-on-null", "link-holds-token", "error-repeats-token"}
CATEGORY = {"title": "Tests", "status": "active", "dateLastModified": "2026-08-01T06:00:00.000Z"}
EITHER = "/orgs?filter=status='active' OR status='tobedeleted'"
SINCE = "dateLastModified>='2025-12-01T00:00:00Z'"


def rows(client: httpx.Client, path: str, **parameters: Any) -> list[Row]:
    return list(next(iter(client.get(path, params={"limit": 1000, **parameters}).json().values())))


def plain(client: httpx.Client, path: str, **wanted: str) -> str:
    """The id of the first record with these values whose id needs no escaping."""
    return next(
        row["sourcedId"]
        for row in rows(client, path)
        if row["sourcedId"].replace("-", "").isalnum() and row.items() >= wanted.items()
    )


def status(client: httpx.Client, path: str, method: str = "GET", **options: Any) -> int:
    return client.request(method, path, **options).status_code


def nested(client: httpx.Client, **parameters: Any) -> httpx.Response:
    return client.get(f"/schools/{plain(client, '/schools')}/classes", params={"limit": 1000, **parameters})


def nested_rows(client: httpx.Client, **parameters: Any) -> int:
    return len(nested(client, **parameters).json()["classes"])


def first_end(client: httpx.Client) -> str:
    return min(str(row["endDate"]) for row in rows(client, "/terms"))


def days(client: httpx.Client) -> list[str]:
    return [row["startDate"] for row in rows(client, "/academicSessions", sort="startDate", orderBy="asc")]


def first_page(client: httpx.Client, path: str) -> int:
    """How many rows a page has."""
    return len(next(iter(client.get(path).json().values())))


def refusal(client: httpx.Client) -> Row:
    """The status entry of a 401 response."""
    return dict(client.get("/orgs", headers={"Authorization": ""}).json()["statusInfoSet"][0])


def refused(client: httpx.Client, path: str) -> httpx.Response:
    """The response to a request with a token that was never issued."""
    return client.get(path, headers={"Authorization": "Bearer never"})


def nowhere(client: httpx.Client) -> Row:
    """The status of the classes of a school that does not exist."""
    return dict(client.get("/schools/nowhere/classes").json()["statusInfoSet"][0])


def classes_of_an_odd_school(client: httpx.Client) -> int:
    odd = (quote(row["sourcedId"], safe="") for row in rows(client, "/schools"))
    return status(client, f"/schools/{next(name for name in odd if '%' in name)}/classes")


def with_token(client: httpx.Client, change: Callable[[str], str], path: str = "/orgs") -> int:
    """The status of a request whose token is changed, after one with the right token."""
    right = client.headers["Authorization"]
    assert client.get("/orgs").status_code == 200
    return client.get(path, headers={"Authorization": f"Bearer {change(right.removeprefix('Bearer '))}"}).status_code


def primary(client: httpx.Client) -> int:
    found = [row for row in rows(client, "/enrollments") if row.get("primary") == "true"]
    classes = [row["class"]["sourcedId"] for row in found if row["role"] == "teacher" and row["status"] == "active"]
    return len(classes) - len(set(classes))


def kinds(client: httpx.Client, path: str, name: str, targets: str, kind: str) -> int:
    """How many kinds of records a reference leads to."""
    known = {row["sourcedId"]: row[kind] for row in rows(client, targets)}
    return len({known[row[name]["sourcedId"]] for row in rows(client, path) if name in row})


def put(client: httpx.Client, sourced_id: str = "mine", **changes: Any) -> int:
    body = {"category": {**CATEGORY, "sourcedId": sourced_id, **changes}}
    return client.put(f"/categories/{sourced_id}", json=body).status_code


def put_with_charset(client: httpx.Client) -> int:
    content = json.dumps({"category": {**CATEGORY, "sourcedId": "with-charset"}})
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return client.put("/categories/with-charset", content=content, headers=headers).status_code


def put_and_read(client: httpx.Client, name: str, **changes: Any) -> Any:
    put(client, **changes)
    value = client.get("/categories/mine").json()["category"][name]
    client.delete("/categories/mine")
    return value


def listed_after_delete(client: httpx.Client) -> int:
    put(client)
    client.delete("/categories/mine")
    return len(rows(client, "/categories", filter="sourcedId='mine'"))


def neighbour(client: httpx.Client) -> int:
    put(client, "one")
    put(client, "two")
    client.delete("/categories/one")
    found = status(client, "/categories/two")
    client.delete("/categories/two")
    return found


def single(client: httpx.Client, fields: str) -> httpx.Response:
    return client.get(f"/orgs/{plain(client, '/orgs', type='national')}", params={"fields": fields})


def changed_at(client: httpx.Client, path: str, operator: str) -> int:
    """How many records a filter by the greatest date of a collection finds."""
    greatest = max(row["dateLastModified"] for row in rows(client, path))
    return len(rows(client, path, filter=f"dateLastModified{operator}'{greatest}'"))


def classes_path(client: httpx.Client) -> str:
    return f"/schools/{plain(client, '/schools')}/classes"


def nested_titles_in_order(client: httpx.Client) -> bool:
    titles = [row["title"] for row in nested(client, sort="title", orderBy="asc").json()["classes"]]
    return titles == sorted(titles)


def school_enrollments_in_order(client: httpx.Client) -> bool:
    found = rows(client, f"/schools/{plain(client, '/schools')}/enrollments", sort="beginDate", orderBy="asc")
    days = [row["beginDate"] for row in found if "beginDate" in row]
    return days == sorted(days)


LOOKS: dict[str, tuple[Look, Any, Any]] = {
    # What is looked at, in the conforming tenant, and with the fault.
    "nested-not-found-says-success": (lambda c: nowhere(c)["imsx_codeMajor"], "failure", "success"),
    "nested-not-found-shows-trace": (lambda c: "Traceback" in nowhere(c)["imsx_description"], False, True),
    "not-found-with-record": (lambda c: "org" in c.get("/orgs/nowhere").json(), False, True),
    "nested-token-beginning": (
        lambda c: with_token(c, lambda t: t[:-1], f"/classes/{plain(c, '/classes')}/results"),
        401,
        200,
    ),
    "resources-token-with-more": (lambda c: with_token(c, lambda t: t + "x", "/resources"), 401, 200),
    "scheme-with-capital-only": (
        lambda c: status(c, "/orgs", headers={"Authorization": c.headers["Authorization"].replace("Bear", "bear")}),
        200,
        401,
    ),
    "filter-opens-nested": (
        lambda c: httpx.get(str(nested(c, filter="status='active'").url)).status_code,
        401,
        200,
    ),
    "other-schemes-open-nested": (
        lambda c: c.get(str(nested(c).url), headers={"Authorization": "Token x"}).status_code,
        401,
        200,
    ),
    "nested-warning-says-full-success": (
        lambda c: nested(c, sort="colour").json()["statusInfoSet"][0]["imsx_codeMinor"],
        "invalid_sort_field",
        "full success",
    ),
    "gradebook-quote-crashes": (lambda c: status(c, "/categories/it's"), 404, 500),
    "nested-challenge-missing": (lambda c: "WWW-Authenticate" in refused(c, classes_path(c)).headers, True, False),
    "nested-refusal-bare": (lambda c: refused(c, classes_path(c)).content == b"", False, True),
    "statement-in-header": (lambda c: "X-Debug-Query" in c.get("/orgs?sort=name").headers, False, True),
    "end-excluded": (lambda c: len(rows(c, "/terms", filter=f"endDate<='{first_end(c)}'")) > 0, True, False),
    "start-sorted-by-day": (lambda c: days(c) == sorted(days(c)), True, False),
    "demographics-sort-refused": (lambda c: status(c, "/demographics?sort=colour"), 200, 400),
    "demographics-id-refused": (lambda c: status(c, "/demographics/nobody"), 404, 400),
    "filter-errors-succeed": (
        lambda c: c.get("/orgs?filter=colour='red'").json()["statusInfoSet"][0]["imsx_codeMajor"],
        "failure",
        "success",
    ),
    "later-fields-ignored": (lambda c: len(rows(c, "/orgs", offset=1, fields="name")[0]) > 1, False, True),
    "no-match-is-null": (lambda c: c.get("/orgs?filter=sourcedId='nobody'").json()["orgs"], [], None),
    "nested-bounds-excluded": (lambda c: changed_at(c, classes_path(c), ">=") > 0, True, False),
    "special-bounds-included": (lambda c: changed_at(c, "/students", ">") > 0, False, True),
    "numbers-cut": (lambda c: len(rows(c, "/results", filter="score<'0.015625'")) > 0, True, False),
    "numbers-equal-when-cut": (lambda c: len(rows(c, "/results", filter="score='0.015625'")) > 0, False, True),
    "filtered-wrapper-by-path": (
        lambda c: list(c.get("/schools?filter=status='active'").json()),
        ["orgs"],
        ["schools"],
    ),
    "filtered-default-of-ten": (lambda c: first_page(c, "/results?filter=status='active'"), 100, 10),
    "special-default-of-two": (lambda c: first_page(c, "/students") > 2, True, False),
    "offset-default-one": (
        lambda c: c.get("/orgs").json()["orgs"][0] == c.get("/orgs?offset=0").json()["orgs"][0],
        True,
        False,
    ),
    "next-without-limit": (lambda c: "limit=" in c.get("/orgs?limit=2").links["next"]["url"], True, False),
    "prev-before-start": (
        lambda c: "offset=-" in c.get("/orgs?limit=4&offset=1").links["prev"]["url"],
        False,
        True,
    ),
    "filtered-last-beyond-end": (
        lambda c: len(c.get(c.get("/orgs?filter=status='active'").links["last"]["url"]).json()["orgs"]) > 0,
        True,
        False,
    ),
    "either-total-added": (
        lambda c: int(c.get(EITHER).headers["x-total-count"]) - len(c.get(EITHER).json()["orgs"]),
        0,
        1,
    ),
    "selected-record-bare": (
        lambda c: list(c.get(f"/orgs/{plain(c, '/orgs')}?fields=status").json()),
        ["org"],
        ["status"],
    ),
    "nested-null-when-empty": (lambda c: nested(c, offset=500).json()["classes"], [], None),
    "digits-as-numbers": (lambda c: bool(rows(c, "/academicSessions", filter="schoolYear='02026'")), False, True),
    "instants-a-minute-late": (lambda c: changed_at(c, "/students", ">=") > 0, True, False),
    "end-date-matches-nothing": (
        lambda c: len(rows(c, "/terms", filter=f"endDate='{rows(c, '/terms')[0]['endDate']}'")) > 0,
        True,
        False,
    ),
    "true-matches-nothing": (lambda c: len(rows(c, "/users", filter="enabledUser='true'")) > 0, True, False),
    "class-type-matches-nothing": (
        lambda c: len(rows(c, "/classes", filter="classType='scheduled'")) > 0,
        True,
        False,
    ),
    "plus-as-space": (
        lambda c: len(rows(c, "/orgs", filter="name='South+Middle+School'")),
        0,
        1,
    ),
    "subset-lost-beside-filter": (lambda c: len(rows(c, "/schools", filter="type='district'")), 0, 1),
    "part-identifier-ignored": (lambda c: len(rows(c, "/students", filter="identifier='nobody'")), 0, 22),
    "school-enrollments-unsorted": (school_enrollments_in_order, True, False),
    "selected-single-is-first": (
        lambda c: c.get(f"/orgs/{plain(c, '/orgs', type='school')}?fields=type").json()["org"]["type"],
        "school",
        "national",
    ),
    "nested-titles-unsorted": (nested_titles_in_order, True, False),
    "seconds-refused": (lambda c: status(c, "/orgs?filter=dateLastModified>'2025-01-01T00:00:00Z'"), 200, 400),
    "encoded-letters-refused": (lambda c: status(c, "/orgs?filter=status%3d%27active%27"), 200, 400),
    "unknown-search-empty": (lambda c: status(c, "/orgs?filter=colour~'x'"), 400, 200),
    "unknown-filter-beside-sort": (lambda c: status(c, "/orgs?filter=colour='x'&sort=name"), 400, 200),
    "metadata-refused": (lambda c: status(c, "/users?filter=metadata.colour='x'"), 200, 400),
    "smallest-page-empty": (lambda c: len(c.get("/orgs?limit=1").json()["orgs"]), 1, 0),
    "not-found-says-invalid-data": (lambda c: "invalid data" in c.get("/orgs/nobody").text, False, True),
    "nested-limit-crashes": (lambda c: nested(c, limit="ten").status_code, 400, 500),
    "second-operator-lost": (
        lambda c: len(rows(c, "/orgs", filter="type='school' AND status!='x'")) > 0,
        True,
        False,
    ),
    "descending-drops-absent": (
        lambda c: len(rows(c, "/users", sort="middleName", orderBy="desc")) == len(rows(c, "/users")),
        True,
        False,
    ),
    "single-selection-cut": (
        lambda c: (
            len(c.get(f"/users/{plain(c, '/users')}?fields=dateLastModified").json()["user"]["dateLastModified"])
            > len("2026-08-01")
        ),
        True,
        False,
    ),
    "selected-page-short": (lambda c: len(rows(c, "/orgs")) - len(rows(c, "/orgs", fields="name")), 0, 1),
    "selection-with-sort-field": (lambda c: len(rows(c, "/orgs", fields="name", sort="type")[0]), 1, 2),
    "selected-references-flat": (
        lambda c: isinstance(rows(c, "/classes", fields="school")[0]["school"], str),
        False,
        True,
    ),
    "selected-status-made-up": (
        lambda c: {row["status"] for row in rows(c, "/results", fields="status")},
        {"active", "tobedeleted"},
        {"active"},
    ),
    "offset-needs-limit": (lambda c: first_page(c, "/orgs") - first_page(c, "/orgs?offset=1"), 1, 0),
    "one-field-unlimited": (lambda c: first_page(c, "/orgs?fields=name&limit=2"), 2, 15),
    "unknown-sort-unlimited": (lambda c: first_page(c, "/orgs?sort=colour&limit=2"), 2, 15),
    "nested-unknown-sort-unlimited": (lambda c: nested_rows(c, sort="colour", limit=2), 2, 7),
    "limit-above-total-refused": (lambda c: status(c, "/orgs?limit=500&offset=0"), 200, 404),
    "nested-prev-skips": (
        lambda c: "offset=0" in nested(c, offset=50, limit=2).links["prev"]["url"],
        False,
        True,
    ),
    "nested-next-never-ends": (lambda c: "next" in nested(c, offset=50, limit=2).links, False, True),
    "sort-by-status-ignored": (
        lambda c: rows(c, "/orgs", sort="status", orderBy="desc")[0]["status"],
        "tobedeleted",
        "active",
    ),
    "search-as-regular-expression": (lambda c: len(rows(c, "/courses", filter="courseCode~'.'")), 0, 31),
    "names-equal-by-beginning": (lambda c: len(rows(c, "/users", filter="givenName='B'")) > 0, False, True),
    "role-unequal-as-equal": (
        lambda c: {"student"} == {row["role"] for row in rows(c, "/enrollments", filter="role!='student'")},
        False,
        True,
    ),
    "nested-ids-by-part": (lambda c: nested_rows(c, filter="sourcedId='-'"), 0, 5),
    "one-field-ignored-on-reads": (lambda c: len(single(c, "name").json()["org"]) > 1, False, True),
    "selected-lists-joined": (
        lambda c: type(
            c.get(
                f"/courses/{next(row['sourcedId'] for row in rows(c, '/courses') if 'grades' in row)}?fields=grades"
            ).json()["course"]["grades"]
        ),
        list,
        str,
    ),
    "selected-days-lost": (
        lambda c: c.get(f"/terms/{plain(c, '/terms')}?fields=endDate").json()["academicSession"] == {},
        False,
        True,
    ),
    "rows-without-selected-field-lost": (
        lambda c: len(rows(c, "/users", fields="sourcedId,middleName")) == len(rows(c, "/users")),
        True,
        False,
    ),
    "nested-sorted-href-lost": (
        lambda c: "href" in nested(c, sort="title").json()["classes"][0]["school"],
        True,
        False,
    ),
    "selected-values-shifted": (
        lambda c: (
            [row["name"] for row in rows(c, "/orgs", sort="name", fields="name")]
            == [row["name"] for row in rows(c, "/orgs", sort="name")]
        ),
        True,
        False,
    ),
    "nested-selected-status-unknown": (
        lambda c: nested(c, fields="status").json()["classes"][0]["status"] in ("active", "tobedeleted"),
        True,
        False,
    ),
    "categories-unlisted": (lambda c: first_page(c, "/categories") > 0, True, False),
    "unknown-sort-drops-filter": (
        lambda c: len(rows(c, "/users", sort="colour", filter="role='aide'")) < len(rows(c, "/users")),
        True,
        False,
    ),
    "warning-says-error": (
        lambda c: c.get("/orgs?sort=colour").json()["statusInfoSet"][0]["imsx_severity"],
        "warning",
        "error",
    ),
    "not-found-says-full-success": (
        lambda c: c.get("/orgs/nowhere").json()["statusInfoSet"][0]["imsx_codeMinor"],
        "unknown object",
        "full success",
    ),
    "unknown-fields-refused-on-singles": (lambda c: single(c, "colour").status_code, 200, 400),
    "blank-fields-served-on-singles": (lambda c: single(c, "").status_code, 400, 200),
    "null-for-absent": (lambda c: {"parent": None} in rows(c, "/orgs", fields="parent"), False, True),
    "null-for-absent-on-singles": (lambda c: single(c, "parent").json()["org"], {}, {"parent": None}),
    "special-without-tombstones": (
        lambda c: {row["status"] for row in rows(c, "/students")},
        {"active", "tobedeleted"},
        {"active"},
    ),
    "nested-default-of-ten": (
        lambda c: len(c.get(f"/schools/{plain(c, '/schools')}/enrollments").json()["enrollments"]) > 10,
        True,
        False,
    ),
    "resources-default-of-two": (lambda c: len(c.get("/resources").json()["resources"]) > 2, True, False),
    "one-is-two": (lambda c: first_page(c, "/demographics?limit=1"), 1, 2),
    "nested-sort-loses-offset": (
        lambda c: nested(c, sort="title", offset=1).json() == nested(c, sort="title").json(),
        False,
        True,
    ),
    "nested-next-skips-row": (lambda c: nested(c, limit=1).links["next"]["url"][-1], "1", "2"),
    "nested-nothing-found": (lambda c: nested(c, offset=0, limit=1).status_code, 200, 200),
    "no-matches-no-content": (lambda c: status(c, "/results?filter=sourcedId='none'"), 200, 204),
    "any-type-is-markup": (lambda c: c.get("/orgs", headers={"Accept": "*/*"}).content[:1], b"{", b"<"),
    "unknown-result-malformed": (lambda c: status(c, "/results/none"), 404, 400),
    "nested-zero-crashes": (lambda c: nested(c, limit=0).status_code, 400, 500),
    "paths-below-orgs": (lambda c: status(c, "/orgs/any/thing"), 404, 200),
    "selected-unknown-crashes": (lambda c: status(c, "/orgs/none?fields=name"), 404, 500),
    "offset-wraps": (lambda c: first_page(c, "/courses?offset=500") > 0, False, True),
    "later-pages-whole": (lambda c: set(rows(c, "/orgs", fields="status", offset=1)[0]) == {"status"}, True, False),
    "sign-crashes": (lambda c: status(c, "/orgs?limit=%2B1"), 400, 500),
    "direction-in-capitals-crashes": (lambda c: status(c, "/orgs?sort=name&orderBy=DESC"), 400, 500),
    "dotted-reference-crashes": (lambda c: status(c, "/enrollments?fields=user.sourcedId"), 200, 500),
    "grades-options-crash": (lambda c: status(c, "/results/any", "OPTIONS"), 204, 500),
    "selection-open": (
        lambda c: status(c, "/demographics?fields=sourcedId", headers={"Authorization": ""}),
        401,
        200,
    ),
    "any-token-for-schools": (
        lambda c: status(c, "/schools", headers={"Authorization": "Bearer x"}),
        401,
        200,
    ),
    "unknown-ids-before-credentials": (lambda c: status(c, "/orgs/none", headers={"Authorization": ""}), 401, 404),
    "next-link-beyond-end": (lambda c: "next" in c.get("/orgs?offset=50").links, False, True),
    "unselected-sort-crashes": (lambda c: status(c, "/orgs?sort=name&fields=type"), 200, 500),
    "browsers-refused": (lambda c: status(c, "/orgs", headers={"User-Agent": "Mozilla/5.0"}), 200, 403),
    "nested-or-refused": (lambda c: nested(c, filter="status='active' OR title='x'").status_code, 200, 400),
    "nested-ids-lost": (lambda c: classes_of_an_odd_school(c), 200, 404),
    "filtered-as-text": (
        lambda c: nested(c, filter="status='active'").headers["Content-Type"],
        "application/json",
        "text/plain",
    ),
    "never-modified": (lambda c: status(c, "/orgs", headers={"If-None-Match": '"none"'}), 200, 304),
    "range-cut-off": (lambda c: len(c.get("/orgs", headers={"Range": "bytes=0-9"}).content) > 10, True, False),
    "forwarded-trusted": (
        lambda c: status(c, "/orgs", headers={"Authorization": "", "X-Forwarded-For": "127.0.0.1"}),
        401,
        200,
    ),
    "number-unequal-as-equal": (
        lambda c: {row["score"] for row in rows(c, "/results", filter="score!='12345'")} == set(),
        False,
        True,
    ),
    "filtered-without-references": (
        lambda c: "school" in rows(c, "/classes", filter="status='active'")[0],
        True,
        False,
    ),
    "later-pages-thin": (lambda c: "dateLastModified" in rows(c, "/users", offset=1)[0], True, False),
    "next-limit-raised": (lambda c: "limit=100" in c.get("/users?limit=2").links["next"]["url"], False, True),
    "any-key": (lambda c: status(c, "/orgs", headers={"Authorization": "", "X-API-Key": "x"}), 401, 200),
    "token-in-query": (lambda c: status(c, "/orgs?access_token=x", headers={"Authorization": ""}), 401, 200),
    "null-token": (lambda c: status(c, "/orgs", headers={"Authorization": "Bearer null"}), 401, 200),
    "unsigned-token": (lambda c: status(c, "/orgs", headers={"Authorization": "Bearer a.b."}), 401, 200),
    "token-last-characters": (lambda c: with_token(c, lambda token: "x" + token[1:]), 401, 200),
    "refusal-says-success": (lambda c: refusal(c)["imsx_codeMajor"], "failure", "success"),
    "refusal-shows-trace": (lambda c: "Traceback" in refusal(c)["imsx_description"], False, True),
    "challenge-of-basic": (
        lambda c: c.get("/orgs", headers={"Authorization": ""}).headers["WWW-Authenticate"].split()[0],
        "Bearer",
        "Basic",
    ),
    "put-revives": (
        lambda c: put_and_read(c, "status", status="tobedeleted"),
        "tobedeleted",
        "active",
    ),
    "head-crashes": (lambda c: status(c, f"/orgs/{plain(c, '/orgs')}", "HEAD"), 200, 500),
    "end-crashes": (lambda c: status(c, "/classes?offset=5000"), 200, 500),
    "minus-one-is-all": (lambda c: status(c, "/users?limit=-1"), 400, 200),
    "crash-on-empty-number": (lambda c: status(c, "/users?limit="), 400, 500),
    "impossible-value-ignored": (lambda c: len(rows(c, "/users", filter="role='oneroster-check-word'")), 0, 41),
    "impossible-value-crashes": (lambda c: status(c, "/users?filter=role='oneroster-check-word'"), 200, 500),
    "third-clause-ignored": (
        lambda c: status(c, "/orgs?filter=name='a' AND name='b' AND name='c'"),
        400,
        200,
    ),
    "odd-sort-empties": (lambda c: bool(rows(c, "/courses", sort="grades")), True, False),
    "repeated-fields-ignored": (lambda c: len(rows(c, "/orgs", fields="status,status")[0]) == 1, True, False),
    "combined-filter-lost": (
        lambda c: nested_rows(c, filter=SINCE, sort="title") == nested_rows(c, filter=SINCE),
        True,
        False,
    ),
    "nested-filter-ignored": (lambda c: nested_rows(c, filter="title='none'"), 0, 7),
    "combined-total-wrong": (
        lambda c: nested(c, filter="title='none'", sort="title").headers["X-Total-Count"] == "0",
        True,
        False,
    ),
    "combined-links-forget-sort": (
        lambda c: "sort=" in nested(c, filter="status='active'", sort="title", limit=1).headers["Link"],
        True,
        False,
    ),
    "selected-references-short": (lambda c: "href" in rows(c, "/classes", fields="school")[0]["school"], True, False),
    "token-with-more": (lambda c: with_token(c, lambda text: f"{text}x"), 401, 200),
    "token-with-less": (lambda c: with_token(c, lambda text: text[:-1]), 401, 200),
    "token-any-case": (lambda c: with_token(c, str.swapcase), 401, 200),
    "single-reads-absent": (lambda c: status(c, f"/lineItems/{plain(c, '/lineItems')}"), 200, 404),
    "tombstones-revived": (
        lambda c: c.get(f"/users/{plain(c, '/users', status='tobedeleted')}").json()["user"]["status"],
        "tobedeleted",
        "active",
    ),
    "tombstones-lost": (lambda c: status(c, f"/users/{plain(c, '/users', status='tobedeleted')}"), 200, 404),
    "nested-absent": (lambda c: status(c, f"/schools/{plain(c, '/schools')}/terms"), 200, 404),
    "students-differ": (lambda c: any("identifier" in row for row in rows(c, "/students")), True, False),
    "any-user-is-a-student": (lambda c: status(c, f"/students/{plain(c, '/teachers')}"), 404, 200),
    "nested-row-twice": (nested_rows, 7, 8),
    "ids-ignore-case": (
        lambda c: status(c, f"/academicSessions/{plain(c, '/academicSessions').upper()}"),
        404,
        200,
    ),
    "encoded-letters-lost": (
        lambda c: status(c, f"/academicSessions/%73{plain(c, '/academicSessions')[1:]}"),
        200,
        404,
    ),
    "filter-allow-list": (lambda c: status(c, "/users", params={"filter": "identifier='7'"}), 200, 400),
    "sort-allow-list": (lambda c: status(c, "/users", params={"sort": "identifier"}), 200, 400),
    "id-matches-nothing": (lambda c: len(rows(c, "/orgs", filter=f"sourcedId='{plain(c, '/orgs')}'")), 1, 0),
    "equal-as-contains": (lambda c: len(rows(c, "/courses", filter="title='a'")) > 0, False, True),
    "date-equals-nothing": (
        lambda c: len(rows(c, "/terms", filter=f"endDate='{rows(c, '/terms')[0]['endDate']}'")) > 0,
        True,
        False,
    ),
    "words-in-values": (lambda c: status(c, "/courses", params={"filter": "title='x AND y'"}), 200, 400),
    "filter-decoded-twice": (lambda c: len(rows(c, "/orgs", filter="type='%73chool'")) > 0, False, True),
    "unknown-clause-ignored": (
        lambda c: status(c, "/orgs", params={"filter": "status='active' AND noSuch='x'"}),
        400,
        200,
    ),
    "unknown-fields-empty": (lambda c: {} in rows(c, "/orgs", fields="status,noSuch"), False, True),
    "nested-fields-ignored": (lambda c: len(nested(c, fields="sourcedId").json()["classes"][0]) > 1, False, True),
    "null-when-empty": (lambda c: c.get("/orgs", params={"offset": 9999}).json()["orgs"], [], None),
    "large-limit-refused": (lambda c: status(c, "/orgs", params={"limit": 101}), 200, 400),
    "offset-rounded": (
        lambda c: (
            [row["sourcedId"] for row in c.get("/orgs?limit=3&offset=2").json()["orgs"]]
            == [row["sourcedId"] for row in c.get("/orgs?limit=3").json()["orgs"]]
        ),
        False,
        True,
    ),
    "sorted-total-wrong": (
        lambda c: int(c.get("/orgs?sort=name").headers["X-Total-Count"]) - len(rows(c, "/orgs")),
        0,
        1,
    ),
    "link-cut": (lambda c: c.get("/orgs?limit=1").headers["Link"].endswith('"'), True, False),
    "cache-before-authentication": (
        lambda c: (
            c.get("/orgs?limit=1").status_code,
            httpx.get(f"{c.base_url}orgs?limit=1").status_code,
        ),
        (200, 401),
        (200, 200),
    ),
    "head-open": (lambda c: httpx.head(f"{c.base_url}orgs").status_code, 401, 200),
    "id-injected": (lambda c: status(c, "/orgs/x' OR '1'='1"), 404, 200),
    "quote-in-id-crashes": (lambda c: status(c, "/orgs/x'"), 404, 500),
    "school-year-range": (lambda c: len(rows(c, "/terms")[0]["schoolYear"]), 4, 9),
    "other-school-year": (lambda c: rows(c, "/terms")[0]["schoolYear"] == "1999", False, True),
    "class-terms-twice": (
        lambda c: all(
            len(row["terms"]) == len({each["sourcedId"] for each in row["terms"]}) for row in rows(c, "/classes")
        ),
        True,
        False,
    ),
    "changed-in-future": (lambda c: rows(c, "/resources")[0]["dateLastModified"][:4] == "2099", False, True),
    "range-reversed": (
        lambda c: all(row["resultValueMin"] <= row["resultValueMax"] for row in rows(c, "/lineItems")),
        True,
        False,
    ),
    "nested-entries-short": (lambda c: any("classCode" in row for row in nested(c).json()["classes"]), True, False),
    "href-holds-token": (lambda c: "access_token" in rows(c, "/classes")[0]["school"]["href"], False, True),
    "metadata-birth-date": (lambda c: "birthDate" in rows(c, "/users")[0].get("metadata", {}), False, True),
    "href-relative": (lambda c: rows(c, "/classes")[0]["school"]["href"].startswith("http"), True, False),
    "href-elsewhere": (lambda c: "/orgs/" in rows(c, "/classes")[0]["school"]["href"], True, False),
    "school-year-of-start": (
        lambda c: all(
            row["schoolYear"] == row["endDate"][:4]
            for row in rows(c, "/academicSessions")
            if row["type"] == "schoolYear"
        ),
        True,
        False,
    ),
    "period-is-term": (lambda c: kinds(c, "/lineItems", "gradingPeriod", "/academicSessions", "type"), 1, 2),
    "result-of-teacher": (lambda c: kinds(c, "/results", "student", "/users", "role"), 1, 2),
    "two-primary-teachers": (primary, 0, 1),
    "primary-student": (
        lambda c: {row["role"] for row in rows(c, "/enrollments") if row.get("primary") == "true"},
        {"teacher"},
        {"teacher", "student"},
    ),
    "codes-without-subjects": (
        lambda c: all(len(row.get("subjectCodes", ())) <= len(row.get("subjects", ())) for row in rows(c, "/courses")),
        True,
        False,
    ),
    "term-outside-year": (
        lambda c: (
            max(row["endDate"] for row in rows(c, "/terms"))
            <= max(row["endDate"] for row in rows(c, "/academicSessions") if row["type"] == "schoolYear")
        ),
        True,
        False,
    ),
    "born-after-change": (
        lambda c: any(row.get("birthDate", "") > row["dateLastModified"] for row in rows(c, "/demographics")),
        False,
        True,
    ),
    "duplicate-keys": (lambda c: b'"status":"active","status"' in c.get("/orgs").content, False, True),
    "user-with-birth-date": (lambda c: "birthDate" in rows(c, "/users")[0], False, True),
    "nested-birth-date": (
        lambda c: "birthDate" in rows(c, f"/schools/{rows(c, '/schools')[0]['sourcedId']}/teachers")[0],
        False,
        True,
    ),
    "writes-absent": (put, 201, 404),
    "put-charset-refused": (put_with_charset, 201, 415),
    "percent-crashes": (lambda c: status(c, "/orgs?filter=name='100%25'"), 200, 500),
    "put-keeps-date": (lambda c: put_and_read(c, "dateLastModified")[:4], "2026", "2001"),
    "deleted-still-listed": (listed_after_delete, 0, 1),
    "delete-takes-neighbour": (neighbour, 200, 404),
    "orgs-writable": (lambda c: status(c, "/orgs/mine", "PUT", json={}), 405, 200),
    "link-holds-token": (lambda c: "access_token=" in c.get("/orgs?limit=1").headers["Link"], False, True),
    "error-repeats-token": (
        lambda c: "abc123" in c.get("/orgs", headers={"Authorization": "Bearer abc123"}).text,
        False,
        True,
    ),
    "crash-on-null": (lambda c: status(c, "/orgs?limit=null"), 400, 500),
}
"""The faults that a client with a static token can look at."""

BY_THE_KIT = {
    "put-copies-comment",
    "signature-any-case",
    "filter-hangs-up",
    "options-cut-off",
    "path-unsigned",
    "method-unsigned",
    "nested-by-core-scope",
    "demographics-by-roster-scope",
    "client-id-any-case",
    "core-scope-refused",
    "put-not-nested",
    "put-changes-score-status",
    "put-takes-wrong-kind",
    "write-scopes-ignored",
    "signature-left-out",
    "nested-link-elsewhere",
    "nested-link-ids-encoded-twice",
    "some-singles-lost",
    "put-rejects-exempt",
    "put-mangles-letters",
    "put-listed-twice",
    "deleted-still-nested",
    "writes-by-any-token",
    "reference-unequal-as-equal",
    "nested-contains-as-equal",
    "identifier-filter-ignored",
    "courses-sorted-by-id",
    "selected-dates-cut",
    "prev-is-first",
    "put-escapes-markup",
    "put-rounds-scores",
    "metadata-dropped",
    "due-date-once",
    "dated-once",
    "put-takes-number-as-title",
    "put-takes-plural",
    "delete-takes-line-item",
    "delete-takes-earlier",
    "replaced-listed-twice",
    "title-for-all",
    "put-drops-signs",
    "read-by-prefix",
    "read-of-any-kind",
    "put-not-in-changes",
    "list-of-old-titles",
    "refused-put-says-success",
    "delete-says-404",
    "deletes-by-any-token",
    "secret-last-characters",
    "client-unauthenticated",
    "grant-type-missing",
    "refusal-repeats-secret",
    "empty-signature",
    "future-timestamp",
    "forbidden-bare",
    "enrollments-without-scope",
    "single-reads-by-any-token",
    "data-with-401",
    "nested-without-tombstones",
    "start-sorted-by-title",
    "category-once",
    "metadata-kept",
    "unknown-property-crashes",
    "exempt-without-score",
    "nested-first-row-lost",
    "nested-types-wrong",
    "nested-dates-with-time",
    "single-codes-more",
    "nested-users-unknown",
    "nested-primary-students",
    "single-role-twice",
    "class-ids-ignore-case",
    "enrolled-beyond",
    "own-year-of-sessions",
    "agents-of-students-only",
    "href-of-another",
    "href-of-the-list",
    "nested-href-of-another",
    "sorted-scores-as-text",
    "filtered-types-in-capitals",
    "id-is-email",
    "class-in-period",
    "vendor-resource-twice",
    "users-typed-teacher",
    "dated-when-read",
    "resources-null-when-none",
    "booleans-as-digits",
    "numbered-singles",
    "null-middle-name",
    "blank-end-dates",
    "assessed-text-off-scale",
    "resource-of-user-only",
    "put-clips-maximum",
    "put-clips-scores",
    "put-rounds-percentiles",
    "put-digits-as-number",
    "put-ids-encoded",
    "metadata-flattened",
    "put-creates-copy",
    "put-ignores-case",
    "email-filter-reads-username",
    "due-filter-reads-assigned",
    "begin-bounds-excluded",
    "scores-reversed",
    "words-partly-equal",
    "ascii-case-only",
    "nested-unknown-selection-cut",
    "nested-reference-ignored",
    "roles-filter-ignored",
    "username-begins",
    "class-school-reads-course",
    "subjects-searched-as-equal",
    "description-listed",
    "scale-type-ignored",
    "id-begins",
    "fractions-ignored",
    "due-days-equal",
    "nested-days-compared",
    "nested-fields-unfiltered",
    "nested-unknown-filter-served",
    "class-types-unsorted",
    "sort-of-selected-only",
    "nested-sort-drops-absent",
    "either-lost-later",
    "empty-value-ignored",
    "email-equals-part",
    "list-search-repeats",
    "sort-by-list-repeats",
    "single-references-short",
    "single-selection-of-first",
    "rare-conflict",
    "severity-in-capitals",
    "resources-of-any-parent",
    "categories-need-both-scopes",
    "put-makes-scores-positive",
}
"""Faults that need a signature, a scope, certain values, a whole gradebook or a broken connection.

tests/contract shows them.
"""


def test_every_fault_is_looked_at() -> None:
    named = set(LOOKS) | OF_TOKENS | BY_THE_KIT
    assert named == set(fault_names_in(*FAMILIES)) | OTHERS


@pytest.fixture(scope="module")
def conforming() -> Iterator[httpx.Client]:
    with Sandbox() as tenant, client_of(tenant) as client:
        yield client


@pytest.mark.parametrize("name", LOOKS)
def test_the_conforming_tenant_does_not_have_it(conforming: httpx.Client, name: str) -> None:
    look, right, _ = LOOKS[name]
    assert look(conforming) == right


@pytest.mark.series
@pytest.mark.parametrize("name", LOOKS)
def test_a_fault_shows_the_same_way_each_time(name: str) -> None:
    look, _, wrong = LOOKS[name]
    with Sandbox(faults=[name]) as tenant, client_of(tenant) as client:
        assert look(client) == wrong
        assert look(client) == wrong
