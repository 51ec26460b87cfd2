"""Privacy rules: findings name fields and ids, never a value."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.walk import walk
from oneroster.contract.rules import privacy
from oneroster.standard import Standard
from tests.contract_kit.hostile import Behaviour, answer, says, serving

SPECIFICATION = Standard.of("1.1").specification


USERS, USER, ENROLLMENTS = (SPECIFICATION.operations[name] for name in ("getAllUsers", "getUser", "getAllEnrollments"))
MAIL = "mia.sample@school.example"
MIA: dict[str, Any] = {"sourcedId": "u-1", "givenName": "Mia", "familyName": "Sample", "email": MAIL}


def paged(*links: str) -> bytes:
    """Return a page of users with these links."""
    return answer(msgspec.json.encode({"users": [MIA]}), Link=", ".join(links))


@contextmanager
def meeting(behave: Behaviour) -> Iterator[ObservedTenant]:
    with serving(behave) as server, Gateway(Target(server.base_url, access=BearerToken("t"))) as gateway:
        yield ObservedTenant(gateway)


def roster(href: str) -> Behaviour:
    """Serve one user and one enrollment that refers to the user with this href."""
    user = {"href": href, "sourcedId": "u-1", "type": "user"}
    rows = {"users": [MIA], "enrollments": [{"sourcedId": "e-1", "user": user}]}

    def behave(connection: socket.socket, head: bytes) -> None:
        name = head.split(b"?")[0].rpartition(b"/")[2].decode()
        first = b"offset=0" in head
        connection.sendall(answer(msgspec.json.encode({name: rows[name] if first else []}), X_Total_Count="1"))

    return behave


@pytest.mark.parametrize(
    ("href", "fields"),
    [
        ("https://sis.example/users/u-1", []),
        ("https://sis.example/users/mia.sample%40school.example", ["email", "givenName and familyName"]),
        ("https://sis.example/users/u-1?name=Mia+Sample", ["givenName and familyName"]),
    ],
)
def test_an_href_is_searched_for_data_of_the_user_it_refers_to(href: str, fields: list[str]) -> None:
    with meeting(roster(href)) as tenant:
        for operation in (USERS, ENROLLMENTS):
            found = walk(tenant.ask, operation, {}, limit=10, max_rows=10, max_pages=2)
            tenant.add_walk(found)
        findings = list(privacy.no_person_in_hrefs(tenant, ENROLLMENTS))
    assert [each.message for each in findings] == [
        f"user.href contains the {field} of the user in 1 record" for field in fields
    ]
    assert "mia" not in str(findings).lower()


@pytest.mark.parametrize(
    ("links", "found"),
    [
        (['</users?limit=1&offset=1>; rel="next"'], False),
        (['</users?limit=1&offset=1>; rel="next"', f'</users?after={MAIL}>; rel="last"'], True),
        (['</users?after=Mia%20Sample>; rel="next"'], True),
    ],
)
def test_links_are_searched_for_data_of_the_users_on_their_page(links: list[str], found: bool) -> None:
    with meeting(says(paged(*links))) as tenant:
        tenant.ask(USERS, query={"limit": 1})
        findings = list(privacy.no_person_in_links(tenant, USERS))
    assert bool(findings) is found
    assert MAIL not in str(findings)


def test_links_may_repeat_values_of_the_request() -> None:
    with meeting(says(paged(f"</users?filter=email%3D'{MAIL}'&offset=1>; rel=\"next\""))) as tenant:
        tenant.ask(USERS, query={"filter": f"email='{MAIL}'"})
        assert list(privacy.no_person_in_links(tenant, USERS)) == []


def test_without_a_link_header_the_rule_is_not_exercised() -> None:
    with meeting(says(answer(msgspec.json.encode({"users": [MIA]})))) as tenant:
        tenant.ask(USERS)
        with pytest.raises(NotJudged, match="no Link"):
            list(privacy.no_person_in_links(tenant, USERS))


def test_without_an_error_response_the_rule_is_not_exercised() -> None:
    with meeting(says(answer(msgspec.json.encode({"user": MIA})))) as tenant:
        tenant.ask(USER, {"id": "u-1"})
        with pytest.raises(NotJudged, match="returned an error"):
            list(privacy.no_person_in_errors(tenant, USER))


def test_a_finding_on_an_error_names_fields_and_no_values() -> None:
    failed = answer(f'{{"message": "{MAIL} cannot be shown"}}'.encode(), "400 Bad Request")
    with meeting(says(answer(msgspec.json.encode({"user": MIA})), failed)) as tenant:
        tenant.ask(USER, {"id": "u-1"})
        (finding,) = privacy.no_person_in_errors(tenant, USER)
    assert (
        finding.message == "an HTTP 400 response contains the email, givenName and familyName of the requested record"
    )
    assert MAIL not in str(finding)


@pytest.mark.parametrize(("password", "count"), [("", 0), (None, 0), ("secret", 1)])
def test_an_empty_password_is_no_finding(password: str | None, count: int) -> None:
    row = {"sourcedId": "u-1", "password": password}
    with meeting(says(answer(msgspec.json.encode({"users": [row]})))) as tenant:
        tenant.ask(USERS)
        assert len(list(privacy.no_password(tenant, USERS))) == count
