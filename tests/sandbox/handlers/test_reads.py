"""Collections and single reads over a real socket: routes, wrappers, paging, links, parameters, errors."""

import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

import httpx
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.http.link_header import PageWindow, page_links
from oneroster.sandbox.http.routes import RouteTable, operations_of
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation
from oneroster_v1p1 import document, specification
from tests.sandbox.serving import PROFILES, all_rows, client_of, data, path_to, reads, serving
from tests.series import examples

ENUMERATIONS = specification().enumerations
OPERATIONS = specification().operations

SPECIFICATION = Standard.of().specification


@pytest.fixture(scope="module")
def client(oneroster_sandbox: Sandbox) -> Iterator[httpx.Client]:
    with client_of(oneroster_sandbox) as client:
        yield client


@pytest.fixture(scope="module")
def kimono() -> Iterator[httpx.Client]:
    with serving(profile="kimono") as client:
        yield client


@pytest.fixture(scope="module")
def clients(client: httpx.Client, kimono: httpx.Client) -> dict[str, httpx.Client]:
    return {"standard": client, "kimono": kimono}


def problems(answer: httpx.Response) -> list[tuple[str, str, str]]:
    """Major code, minor code and description of every entry of the status payload."""
    return [
        (entry["imsx_codeMajor"], entry["imsx_codeMinor"], entry["imsx_description"])
        for entry in answer.json()["statusInfoSet"]
    ]


def minor_codes(answer: httpx.Response) -> list[str]:
    return [minor for _, minor, _ in problems(answer)]


# ---- every operation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "operation"),
    [pytest.param(profile, one, id=f"{profile}-{one.operation_id}") for profile in PROFILES for one in reads(profile)],
)
def test_every_read_answers_with_its_wrapper(
    clients: dict[str, httpx.Client], profile: str, operation: Operation
) -> None:
    client = clients[profile]
    answer = client.get(path_to(operation, client, profile))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == [operation.wrapper]
    assert ("x-total-count" in answer.headers) is operation.many
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("operation", [one for one in reads("standard") if one.many], ids=lambda one: one.operation_id)
def test_every_row_satisfies_the_strict_schema(client: httpx.Client, operation: Operation) -> None:
    schema = {"$ref": f"#/components/schemas/{operation.element}", "components": document()["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    rows = all_rows(client, path_to(operation, client))
    assert rows
    assert [error.instance_path for row in rows for error in validator.iter_errors(row)] == []


def test_operations_of_another_profile_are_not_served(clients: dict[str, httpx.Client]) -> None:
    assert clients["standard"].get("/academicSession").status_code == 404
    assert clients["kimono"].get("/academicSessions").status_code == 404
    assert clients["kimono"].get("/lineItems").status_code == 404


@pytest.mark.parametrize("profile", PROFILES)
def test_every_record_is_read_alone_as_it_stands_in_its_collection(
    clients: dict[str, httpx.Client], profile: str
) -> None:
    client = clients[profile]
    collections = [one for one in reads(profile) if one.many and not one.scope]
    assert collections
    for collection in collections:
        before, _, after = OPERATIONS[collection.item_read or ""].path.partition("{id}")
        for row in all_rows(client, collection.path):
            assert data(client.get(before + quote(row["sourcedId"], safe="") + after)) == row


def test_hrefs_lead_to_the_record(clients: dict[str, httpx.Client]) -> None:
    for client in clients.values():
        row = all_rows(client, "/classes")[0]
        for reference in (row["course"], row["school"], *row["terms"]):
            assert data(client.get(reference["href"]))["sourcedId"] == reference["sourcedId"]


def test_kimono_writes_json_booleans_and_knows_fewer_properties(clients: dict[str, httpx.Client]) -> None:
    for profile, kind in (("standard", str), ("kimono", bool)):
        assert {type(user["enabledUser"]) for user in all_rows(clients[profile], "/users")} == {kind}
    assert any("org" in course for course in all_rows(clients["standard"], "/courses"))
    assert not any("org" in course for course in all_rows(clients["kimono"], "/courses"))
    refused = clients["kimono"].get("/courses", params={"filter": "org.sourcedId='1'"})
    assert minor_codes(refused) == ["invalid_filter_field"]
    assert minor_codes(clients["kimono"].get("/courses", params={"fields": "org"})) == ["invalid_selection_field"]
    assert minor_codes(clients["kimono"].get("/courses", params={"sort": "org.sourcedId"})) == ["invalid_sort_field"]


def test_a_specialised_read_finds_only_its_own_kind(client: httpx.Client) -> None:
    teacher = data(client.get("/teachers", params={"filter": "sourcedId~'-'", "limit": 1}))[0]["sourcedId"]
    assert client.get(f"/users/{teacher}").status_code == 200
    assert client.get(f"/teachers/{teacher}").status_code == 200
    assert client.get(f"/students/{teacher}").status_code == 404


# ---- paging ------------------------------------------------------------------------------------------------------


def test_a_page_holds_a_hundred_rows_unless_asked_otherwise() -> None:
    with serving(size=400) as client:
        answer = client.get("/users")
        assert len(data(answer)) == 100
        assert answer.headers["x-total-count"] == "400"


@examples(25)
@given(limit=st.integers(1, 60))
def test_following_next_brings_every_row_once(client: httpx.Client, limit: int) -> None:
    whole = [row["sourcedId"] for row in all_rows(client, "/users")]
    seen: list[str] = []
    address: str | None = f"{client.base_url}users?limit={limit}&sort=familyName&unknown=a%20%2Bb"
    while address:
        answer = client.get(address)
        assert answer.headers["x-total-count"] == str(len(whole))
        seen += [row["sourcedId"] for row in data(answer)]
        address = answer.links.get("next", {}).get("url")
        assert address is None or ("sort=familyName" in address and "unknown=a%20%2Bb" in address)
    assert sorted(seen) == sorted(whole)


def test_links_follow_the_standards_own_example() -> None:
    # 503 records, the second page of 10.
    assert page_links(PageWindow(10, 10), 503) == {
        "first": PageWindow(0, 10),
        "prev": PageWindow(0, 10),
        "next": PageWindow(20, 10),
        "last": PageWindow(500, 3),
    }


@given(offset=st.integers(0, 400), limit=st.integers(1, 120), total=st.integers(0, 300))
def test_links_stay_within_the_collection(offset: int, limit: int, total: int) -> None:
    pages = page_links(PageWindow(offset, limit), total)
    assert ("next" in pages) is (offset + limit < total)
    assert ("prev" in pages) is (offset > 0 and total > 0)
    for page in pages.values():
        assert 0 <= page.offset < total
        assert 1 <= page.limit <= limit
    if "last" in pages:
        assert sum(pages["last"]) == total
    if "prev" in pages:
        assert sum(pages["prev"]) == min(offset, total)


def test_a_page_behind_the_end_is_empty(client: httpx.Client) -> None:
    answer = client.get("/orgs", params={"offset": 10**30})
    assert data(answer) == []
    assert int(answer.headers["x-total-count"]) > 0
    assert "next" not in answer.links


def test_any_large_limit_means_everything(client: httpx.Client) -> None:
    answer = client.get("/orgs", params={"limit": "9" * 6000})
    assert len(data(answer)) == int(answer.headers["x-total-count"])


def test_links_name_the_host_that_was_called(client: httpx.Client) -> None:
    answer = client.get("/orgs?limit=1", headers={"Host": "sis.example:81"})
    assert answer.links["next"]["url"].startswith("http://sis.example:81/ims/oneroster/v1p1/orgs?")
    forged = client.get("/orgs?limit=1", headers={"Host": 'evil">, <http://x'})
    assert "evil" not in forged.headers["link"]


def test_variants_stay_lawful() -> None:
    with serving(variants=Variants(page_cap=7, links=False, total=False)) as client:
        assert len(all_rows(client, "/users")) == 41
        answer = client.get("/users", params={"limit": 40})
        assert len(data(answer)) == 7
        assert not {"link", "x-total-count"} & set(answer.headers)


# ---- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("limit=0", "invalid data", "limit"),
        ("limit=-1", "invalid data", "limit"),
        ("limit=", "invalid data", "limit"),
        ("limit=ten", "invalid data", "limit"),
        ("limit=1.0", "invalid data", "limit"),
        ("limit=+1", "invalid data", "limit"),
        ("limit=%D9%A3", "invalid data", "limit"),
        ("limit=1&limit=1", "invalid data", "limit: given 2 times"),
        ("offset=-1", "invalid data", "offset"),
        ("offset=x", "invalid data", "offset"),
        ("orderBy=up", "invalid data", "orderBy"),
        ("orderBy=ASC", "invalid data", "orderBy"),
        ("filter=colour%3D%27red%27", "invalid_filter_field", "colour"),
        ("filter=parent%3D%27red%27", "invalid_filter_field", "parent"),
        ("filter=name", "invalid_filter_field", "filter"),
        ("filter=", "invalid_filter_field", "filter"),
        ("filter=dateLastModified%3E%27soon%27", "invalid data", "dateLastModified"),
        ("fields=", "invalid_blank_selection_field", "fields"),
        ("fields=name,,type", "invalid_blank_selection_field", "fields"),
        ("fields=%20", "invalid_blank_selection_field", "fields"),
        ("filter=100%", "invalid data", "piece 1"),
        ("unknown=%zz", "invalid data", "piece 1"),
        ("sort=%ff", "invalid data", "UTF-8"),
    ],
)
def test_a_malformed_parameter_is_refused_and_named(client: httpx.Client, query: str, code: str, words: str) -> None:
    answer = client.get(f"{client.base_url}orgs?{query}")
    assert answer.status_code == 400
    [(major, minor, description)] = problems(answer)
    assert (major, minor) == ("failure", code)
    assert words in description


def test_all_problems_of_a_request_are_told(client: httpx.Client) -> None:
    answer = client.get("/orgs?limit=0&offset=x&orderBy=up&sort=colour&filter=shape='round'&fields=size,weight")
    assert answer.status_code == 400
    assert sorted(minor_codes(answer)) == sorted(
        ["invalid data"] * 3 + ["invalid_sort_field", "invalid_filter_field"] + ["invalid_selection_field"] * 2
    )
    assert {entry["imsx_operationRefIdentifier"] for entry in answer.json()["statusInfoSet"]} == {"getAllOrgs"}


def test_codes_are_those_of_the_vocabulary(client: httpx.Client) -> None:
    for query in ("limit=0", "filter=x='1'", "fields=", "sort=x", "fields=x"):
        for entry in client.get(f"/orgs?{query}").json()["statusInfoSet"]:
            assert entry["imsx_codeMajor"] in ENUMERATIONS["CodeMajor"]
            assert entry["imsx_codeMinor"] in ENUMERATIONS["CodeMinor"]
            assert entry["imsx_severity"] in ENUMERATIONS["Severity"]


def test_an_unknown_sort_field_warns_and_brings_the_default_order(client: httpx.Client) -> None:
    answer = client.get("/orgs", params={"sort": "colour", "orderBy": "desc"})
    assert data(answer) == data(client.get("/orgs"))
    assert problems(answer) == [("success", "invalid_sort_field", "colour")]


def test_an_unknown_selected_field_warns_and_brings_all_fields(client: httpx.Client) -> None:
    answer = client.get("/orgs", params={"fields": "name,colour"})
    assert data(answer) == data(client.get("/orgs"))
    assert problems(answer) == [("success", "invalid_selection_field", "colour")]


def test_selected_fields_come_alone_even_without_the_id(client: httpx.Client) -> None:
    rows = data(client.get("/orgs", params={"fields": "name, type"}))
    assert {frozenset(row) for row in rows} == {frozenset({"name", "type"})}
    org = all_rows(client, "/orgs")[0]
    single = client.get(f"/orgs/{org['sourcedId']}", params={"fields": "name"})
    assert data(single) == {"name": org["name"]}


def test_sorting_and_filtering_reach_the_rows(client: httpx.Client) -> None:
    names = [row["name"] for row in data(client.get("/orgs", params={"sort": "name", "orderBy": "desc"}))]
    assert names == sorted(names, reverse=True)
    schools = data(client.get("/orgs", params={"filter": "type='school'"}))
    assert schools == data(client.get("/schools"))


def test_unknown_parameters_are_ignored(client: httpx.Client) -> None:
    assert data(client.get("/orgs?colour=red&&=&colour=blue")) == data(client.get("/orgs"))


def test_a_single_read_ignores_parameters_of_collections(client: httpx.Client) -> None:
    org = all_rows(client, "/orgs")[0]["sourcedId"]
    assert client.get(f"/orgs/{org}?limit=0&filter=x").status_code == 200


# ---- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/colours", "no resource at this URL"),
        ("/orgs/", "no resource at this URL"),
        ("/orgs/a/b", "no resource at this URL"),
        ("/orgs/nobody", "no org"),
        ("/schools/nobody/students", "school_id"),
        ("/classes/nobody/lineItems/nothing/results", "li_id"),
    ],
)
def test_what_does_not_exist_is_a_404_with_a_payload(client: httpx.Client, path: str, words: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(minor_codes(answer)) == {"unknown object"}
    assert any(words in description for _, _, description in problems(answer))


@pytest.mark.parametrize("segment", ["%", "%zz", "%ff", "%C3%28"])
def test_an_id_that_cannot_be_decoded_is_refused(oneroster_sandbox: Sandbox, segment: str) -> None:
    status, body = _raw("GET", oneroster_sandbox, f"/ims/oneroster/v1p1/orgs/{segment}")
    assert status == 400
    assert "path, id" in body


@pytest.mark.parametrize(("method", "path"), [("POST", "/orgs"), ("PUT", "/users/1"), ("BREW", "/lineItems/1")])
def test_another_method_is_a_405_that_says_which_there_are(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert minor_codes(answer) == ["invalid data"]
    allowed = "DELETE, GET, HEAD, OPTIONS, PUT" if path == "/lineItems/1" else "GET, HEAD, OPTIONS"
    assert answer.headers["allow"] == allowed
    options = client.options(path)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")


def test_head_says_what_get_would(client: httpx.Client) -> None:
    plain = {"Accept-Encoding": "identity"}
    head, get = client.head("/orgs", headers=plain), client.get("/orgs", headers=plain)
    assert head.content == b""
    for name in ("content-length", "content-type", "x-total-count", "link"):
        assert head.headers[name] == get.headers[name]


def test_answers_are_compressed_for_who_asks(client: httpx.Client) -> None:
    answer = client.get("/users")
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/users", headers={"Accept-Encoding": "identity"}).headers


def test_no_path_of_the_document_is_written_by_hand() -> None:
    """Every operation of the tables is served by the profiles that have it, and by no others."""
    for profile in PROFILES:
        routes = RouteTable(SPECIFICATION, operations_of(SPECIFICATION, profile))
        for operation in OPERATIONS.values():
            match = routes.match(
                (SPECIFICATION.base_path(operation) + re.sub(r"\{\w+\}", "x", operation.path)).encode()
            )
            served = match is not None and match.route.operations.get(operation.method) == operation
            assert served is (profile in operation.profiles)


def _raw(method: str, tenant: Sandbox, target: str) -> tuple[int, str]:
    """A request whose target goes out byte for byte, which httpx would tidy up."""
    connection = HTTPConnection(urlsplit(tenant.base_url).netloc)
    with closing(connection):
        connection.request(method, target, headers={"Authorization": f"Bearer {tenant.token}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
