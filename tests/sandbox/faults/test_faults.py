"""Each fault does what it says, is absent from the conforming tenant, and disturbs nothing else."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from oneroster.sandbox import Sandbox
from oneroster.sandbox.faults import CLIENT_FAULTS, FAULTS, fault_names_in, faults_by_name
from oneroster.sandbox.name_lookup import UnknownNameError
from oneroster_v1p1 import specification
from tests.sandbox.faults.test_access import LOOKS as DOORS
from tests.sandbox.faults.test_probes import FAMILIES
from tests.sandbox.faults.test_probes import LOOKS as PROBED
from tests.sandbox.faults.test_queries import LOOKS as QUERIES
from tests.sandbox.serving import all_rows, client_of, data, remembering, serving

ELEMENTS = specification().elements

Row = dict[str, Any]
SMALL = 7
"""Rows of a small page; no collection of the small district is a multiple of it in length, save terms."""


@pytest.fixture(scope="module")
def conforming(oneroster_sandbox: Sandbox) -> Iterator[httpx.Client]:
    with client_of(oneroster_sandbox) as client:
        yield client


# ---- looking at a tenant that may do anything wrong but the one thing looked at --------------------------------------


def content(answer: httpx.Response) -> Any:
    return next(iter(answer.json().values()))


def rows(client: httpx.Client, path: str, **parameters: Any) -> list[Row]:
    """The records of one large page."""
    return list(content(client.get(path, params={"limit": 1000, **parameters})))


def ids(found: list[Row]) -> list[str]:
    return [row["sourcedId"] for row in found]


def walked(client: httpx.Client, path: str) -> list[str]:
    """The ids on small pages, asked for by offset."""
    total = int(client.get(path).headers["x-total-count"])
    return [
        row["sourcedId"]
        for offset in range(0, total, SMALL)
        for row in content(client.get(path, params={"limit": SMALL, "offset": offset}))
    ]


def first_id(client: httpx.Client, path: str) -> str:
    return next(sourced_id for sourced_id in ids(rows(client, path)) if sourced_id.replace("-", "").isalnum())


def single(client: httpx.Client, path: str) -> Row:
    """One record of the collection, read alone, whether or not it lies in an array."""
    found = content(client.get(f"{path}/{first_id(client, path)}"))
    return dict(found[0] if isinstance(found, list) else found)


def entry(client: httpx.Client, path: str) -> Row:
    return next(row for row in rows(client, path) if row["sourcedId"] == first_id(client, path))


def with_limit_two(client: httpx.Client) -> httpx.Response:
    return client.get("/users", params={"limit": 2, "filter": "status='active'", "sort": "sourcedId"})


def next_window(client: httpx.Client) -> tuple[str, str]:
    query = httpx.URL(with_limit_two(client).links.get("next", {}).get("url", "")).params
    return query.get("limit", ""), query.get("offset", "")


def roles(client: httpx.Client, path: str) -> set[str]:
    return {row["role"] for row in rows(client, path)}


def term_with_periods(client: httpx.Client) -> str:
    """A term that is the parent of some, but not of all, grading periods."""
    terms = rows(client, "/academicSessions", filter="type='term'")
    return next(row["sourcedId"] for row in terms if row.get("children") and row["sourcedId"].startswith("session-"))


def missing_teachers(client: httpx.Client) -> int:
    return len(set(ids(rows(client, "/users", filter="role='teacher'"))) - set(ids(rows(client, "/teachers"))))


def periods_of(term: str, found: list[Row]) -> set[str]:
    return {row["sourcedId"] for row in found if row.get("parent", {}).get("sourcedId") == term}


def foreign_periods(client: httpx.Client) -> int:
    term = term_with_periods(client)
    served = rows(client, f"/terms/{term}/gradingPeriods")
    return len(served) - len(periods_of(term, served))


def lost_periods(client: httpx.Client) -> int:
    term = term_with_periods(client)
    own = periods_of(term, rows(client, "/gradingPeriods"))
    return len(own - set(ids(rows(client, f"/terms/{term}/gradingPeriods"))))


def dangling(client: httpx.Client) -> int:
    sessions = set(ids(rows(client, "/academicSessions")))
    return sum(
        row["schoolYear"]["sourcedId"] not in sessions for row in rows(client, "/courses") if "schoolYear" in row
    )


def unlisted_children(client: httpx.Client) -> int:
    orgs = {row["sourcedId"]: row for row in rows(client, "/orgs")}
    parents = ((row["sourcedId"], row["parent"]["sourcedId"]) for row in orgs.values() if "parent" in row)
    return sum(child not in ids(orgs[parent].get("children", [])) for child, parent in parents)


def students_of_strangers(client: httpx.Client) -> int:
    """How many students of a class stand below a school that is not the class's."""
    taught = next(row for row in rows(client, "/classes") if row["sourcedId"].replace("-", "").isalnum())
    others = [
        one for one in ids(rows(client, "/orgs")) if one != taught["school"]["sourcedId"] and one.startswith("s-")
    ]
    answer = client.get(f"/schools/{others[0]}/classes/{taught['sourcedId']}/students")
    return len(content(answer)) if answer.status_code == 200 else 0


def second_read_alone(client: httpx.Client) -> int:
    """The status of a course that lies between the first and the middle, and whose id needs no escaping."""
    plain = [one for one in ids(rows(client, "/courses")) if quote(one, safe="") == one]
    return status(client, f"/courses/{plain[1]}")


def awkward(client: httpx.Client) -> list[str]:
    return [one for one in ids(rows(client, "/orgs")) if quote(one, safe="") != one]


def types_of(client: httpx.Client, path: str, field: str) -> set[type]:
    return {type(row[field]) for row in rows(client, path) if field in row}


def status(client: httpx.Client, path: str, **options: Any) -> int:
    return client.get(path, **options).status_code


def crashes(client: httpx.Client, limit: str) -> bool:
    return status(client, f"/orgs?limit={limit}") == 500


Look = Callable[[httpx.Client], Any]

WRITING = set(fault_names_in("writes"))
"""These show only when something is written; test_writes.py looks at them."""

LOOKS: dict[str, tuple[Look, Any, Any]] = {
    # name of the fault: what is looked at, what the conforming tenant shows, what the fault shows
    "path-named-wrapper": (lambda c: list(c.get("/students").json()), ["users"], ["students"]),
    "single-in-list": (lambda c: type(content(c.get(f"/orgs/{first_id(c, '/orgs')}"))), dict, list),
    "text-media-type": (lambda c: c.get("/orgs").headers["content-type"], "application/json", "text/plain"),
    "missing-required": (lambda c: sum("title" not in row for row in rows(c, "/classes")), 0, 1),
    "number-as-string": (lambda c: types_of(c, "/results", "score"), {float}, {str}),
    "list-as-string": (lambda c: types_of(c, "/users", "grades"), {list}, {str}),
    "unknown-role": (lambda c: sum(row["role"] == "pupil" for row in rows(c, "/users")), 0, 1),
    "us-dates": (lambda c: {row["startDate"][2] for row in rows(c, "/academicSessions")}, {"2"}, {"/"}),
    "local-times": (lambda c: {row["dateLastModified"][-6:] == "+02:00" for row in rows(c, "/orgs")}, {False}, {True}),
    "booleans-in-capitals": (lambda c: rows(c, "/users")[0]["enabledUser"] not in ("True", "False"), True, False),
    "words-in-capitals": (lambda c: rows(c, "/orgs")[0]["status"], "active", "Active"),
    "json-booleans": (lambda c: types_of(c, "/users", "enabledUser"), {str}, {bool}),
    "limit-ignored": (lambda c: len(content(c.get("/users?limit=2"))), 2, 41),
    "offset-ignored": (lambda c: ids(rows(c, "/users", offset=9))[:1] == ids(rows(c, "/users"))[:1], False, True),
    "lost-row": (lambda c: len(set(ids(rows(c, "/users"))) - set(walked(c, "/users"))), 0, 1),
    "repeated-row": (lambda c: len(walked(c, "/users")) - len(set(walked(c, "/users"))), 0, 1),
    "wrong-total": (lambda c: int(c.get("/users").headers["x-total-count"]), 41, 42),
    "wrong-next-link": (next_window, ("2", "2"), ("2", "3")),
    "link-drops-filter": (lambda c: "filter=" in with_limit_two(c).headers["link"], True, False),
    "error-past-end": (lambda c: status(c, "/users?offset=5000"), 200, 404),
    "subset-unfiltered": (lambda c: len(roles(c, "/students")), 1, 8),
    "subset-incomplete": (missing_teachers, 0, 1),
    "scope-ignored": (lambda c: foreign_periods(c) > 0, False, True),
    "scope-incomplete": (lost_periods, 0, 1),
    "dangling-reference": (dangling, 0, 1),
    "wrong-reference-type": (
        lambda c: {row["class"]["type"] for row in rows(c, "/enrollments")},
        {"class"},
        {"course"},
    ),
    "single-differs": (lambda c: single(c, "/orgs") == entry(c, "/orgs"), True, False),
    "wrong-single": (lambda c: single(c, "/orgs")["sourcedId"] == first_id(c, "/orgs"), True, False),
    "orphan-child": (unlisted_children, 0, 1),
    "duplicate-id": (lambda c: len(ids(rows(c, "/courses"))) - len(set(ids(rows(c, "/courses")))), 0, 1),
    "stranger-adopted": (lambda c: status(c, "/schools/nobody/students"), 404, 200),
    "school-ignored": (students_of_strangers, 0, 4),
    "dates-reversed": (
        lambda c: sum(row["endDate"] < row["startDate"] for row in rows(c, "/academicSessions")),
        0,
        1,
    ),
    "enrolled-before": (
        lambda c: sum(row.get("beginDate", "2025") < "2024" for row in rows(c, "/enrollments")),
        0,
        1,
    ),
    "demographics-of-nobody": (lambda c: len(set(ids(rows(c, "/demographics"))) - set(ids(rows(c, "/users")))), 0, 1),
    "ids-anew": (lambda c: len({tuple(ids(rows(c, "/categories"))) for _ in range(3)}), 1, 3),
    "escaped-ids-lost": (lambda c: {status(c, f"/orgs/{quote(one, safe='')}") for one in awkward(c)}, {200}, {404}),
    "open-door": (lambda c: status(c, "/orgs", headers={"Authorization": ""}), 401, 200),
    "any-token": (lambda c: status(c, "/orgs", headers={"Authorization": "Bearer wrong"}), 401, 200),
    "rare-500": (lambda c: status(c, "/orgs?orderBy=desc&offset=1"), 200, 500),
    "undocumented-status": (lambda c: status(c, "/orgs?limit=2"), 200, 206),
    "thin-when-filtered": (
        lambda c: "dateLastModified" in rows(c, "/orgs", filter="name~'a'", sort="name")[0],
        True,
        False,
    ),
    # Not every word that is no number, and not every id that is unknown: those are faults of their own.
    "crash-on-fractions": (lambda c: crashes(c, "1.5") and not crashes(c, "ten"), False, True),
    "null-is-found": (lambda c: status(c, "/orgs/null") == 200 and status(c, "/orgs/nobody") == 404, False, True),
    "unreadable-middle": (second_read_alone, 200, 404),
    "status-without-payload": (
        lambda c: c.get("/orgs", headers={"Authorization": "Basic x"}).headers["content-type"] == "text/html",
        False,
        True,
    ),
    "unknown-id-found": (lambda c: status(c, "/orgs/nobody") == 200, False, True),
    "foreign-id-refused": (lambda c: status(c, "/orgs/nobody") == 400, False, True),
    "description-as-list": (lambda c: '"imsx_description":[' in c.get("/orgs/nobody").text, False, True),
    "start-page": (lambda c: status(c, "/colours"), 404, 200),
    "any-method": (lambda c: c.request("TRACE", "/orgs").status_code, 405, 200),
    "crash-on-number": (lambda c: crashes(c, "ten"), False, True),
    "odd-status-for-number": (lambda c: status(c, "/orgs?limit=ten") == 422, False, True),
    "html-not-found": (lambda c: c.get("/orgs/nobody").headers["content-type"] == "text/html", False, True),
    "bare-not-found": (lambda c: '"message"' in c.get("/orgs/nobody").text, False, True),
    "error-says-success": (lambda c: "full success" in c.get("/orgs/nobody").text, False, True),
    "stack-trace": (lambda c: "Traceback" in c.get("/orgs/nobody").text, False, True),
}

CONSEQUENCES = {
    # What a fault cannot but show elsewhere as well.
    "limit-ignored": {"wrong-next-link", "repeated-row"},
    "offset-ignored": {"lost-row", "repeated-row"},
    "wrong-single": {"single-differs"},
    # Who looks at no parent at all looks at the school as little.
    "scope-ignored": {"school-ignored"},
}


def test_every_fault_is_looked_at() -> None:
    # Those of what later versions add show in tests/contract/test_faults_of_1_2.py.
    probed = set(PROBED) | set(fault_names_in(*FAMILIES, "additions", "posts", "status_objects"))
    assert set(LOOKS) | CLIENT_FAULTS | WRITING | set(DOORS) | set(QUERIES) | probed == set(FAULTS)


@pytest.mark.parametrize("name", LOOKS)
def test_the_conforming_tenant_does_not_have_it(conforming: httpx.Client, name: str) -> None:
    look, right, _ = LOOKS[name]
    assert look(conforming) == right


@pytest.mark.series
@pytest.mark.parametrize("name", LOOKS)
def test_a_fault_shows_and_disturbs_nothing_else(name: str) -> None:
    with serving(faults=[name]) as client:
        look, _, wrong = LOOKS[name]
        assert look(client) == wrong
        assert look(client) == wrong, "it must show the same way each time"
        with remembering(client) as again:
            others = {other for other, (look, right, _) in LOOKS.items() if other != name and look(again) != right}
    assert others - CONSEQUENCES.get(name, set()) == set()


def test_faults_add_up() -> None:
    with serving(faults=["wrong-total", "text-media-type", "wrong-total"]) as client:
        answer = client.get("/users")
        assert (answer.headers["x-total-count"], answer.headers["content-type"]) == ("42", "text/plain")


@pytest.mark.series
@pytest.mark.parametrize("name", LOOKS)
def test_every_fault_can_be_had_in_another_district_and_dialect(name: str) -> None:
    with serving(size=57, seed=9, profile="kimono", faults=[name]) as client:
        assert client.get("/orgs").status_code == 200


def test_pages_of_the_usual_size_stay_right() -> None:
    for name in ("lost-row", "repeated-row"):
        with serving(size=230, faults=[name]) as client:
            whole = ids(all_rows(client, "/users"))
            assert ids(all_rows(client, "/users", limit=100)) == whole
            assert sorted(walked(client, "/users")) != sorted(whole)


def test_wrong_values_stand_in_the_data_so_that_filters_find_them() -> None:
    with serving(faults=["unknown-role"]) as client:
        assert [row["role"] for row in data(client.get("/users", params={"filter": "role='pupil'"}))] == ["pupil"]


def test_a_fault_says_what_it_does_and_what_it_breaks() -> None:
    for fault in FAULTS.values():
        assert fault.does
        assert any(mark in fault.breaks for mark in ("[A]", "[B]", "[C]"))


def test_an_unknown_fault_is_answered_with_those_that_were_meant() -> None:
    with pytest.raises(UnknownNameError, match="lost-row"):
        faults_by_name(["lost-rows"])
    with pytest.raises(UnknownNameError, match=r"known are agent-one-way, .* and others; .*--list-faults"):
        faults_by_name(["zzz"])


def test_properties_that_faults_name_exist() -> None:
    for element, names in {
        "Class": ["title"],
        "Result": ["score"],
        "User": ["role", "grades"],
        "AcademicSession": ["startDate"],
        "Course": ["schoolYear"],
        "Enrollment": ["class"],
        "Org": ["children", "parent"],
    }.items():
        assert set(names) <= set(ELEMENTS[element].properties)
