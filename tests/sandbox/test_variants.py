"""Each lawful variant does what it says, and the tenant without it does otherwise."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from oneroster.sandbox import Sandbox, Variants
from oneroster.sandbox.name_lookup import UnknownNameError
from oneroster.sandbox.variants import VARIANTS, variants_by_name
from oneroster.standard import Standard
from tests.sandbox.serving import all_rows, client_of, data, serving

CATEGORY = {"category": {"title": "Tests"}}
SLOW = 0.2
"""Seconds; what the variant of that name takes for an answer."""


def put(client: httpx.Client) -> httpx.Response:
    return client.put("/categories/mine", json=CATEGORY)


def deleted(client: httpx.Client) -> tuple[int, int]:
    put(client)
    return client.delete("/categories/mine").status_code, client.get("/categories/mine").status_code


def token(client: httpx.Client) -> int:
    return client.post(httpx.URL(str(client.base_url)).join("/oauth/token")).status_code


def challenge(client: httpx.Client) -> list[str]:
    header = client.get("/orgs", headers={"Authorization": "Bearer wrong"}).headers["www-authenticate"]
    return [scheme for scheme in ("Bearer", "OAuth") if f"{scheme} realm" in header]


def waits(client: httpx.Client) -> list[float]:
    """The pauses, in seconds, before an answer."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    with patch("oneroster.sandbox.app.anyio", SimpleNamespace(sleep=sleep)):
        client.get("/orgs")
    return pauses


Look = Callable[[httpx.Client], Any]
LOOKS: dict[str, tuple[Look, Any, Any]] = {
    # name of the variant: what is looked at, what the plain tenant shows, what the variant shows
    "page-cap": (lambda c: len(data(c.get("/users?limit=50"))), 41, 10),
    "no-links": (lambda c: "link" in c.get("/users?limit=2").headers, True, False),
    "no-total": (lambda c: "x-total-count" in c.get("/users").headers, True, False),
    "json-booleans": (lambda c: {type(row["enabledUser"]) for row in all_rows(c, "/users")}, {str}, {bool}),
    "soft-delete": (deleted, (204, 404), (204, 200)),
    "empty-put-answer": (lambda c: bool(put(c).content), True, False),
    "no-gradebook": (lambda c: c.get("/categories").status_code, 200, 404),
    "empty": (lambda c: sum(len(all_rows(c, path)) for path in ("/users", "/orgs", "/results")) > 0, True, False),
    "one-row": (lambda c: len(all_rows(c, "/enrollments")) > 1, True, False),
    "two-rows": (lambda c: len(all_rows(c, "/users")) > 2, True, False),
    "three-rows": (lambda c: len(all_rows(c, "/users")), 41, 3),
    "special-ids": (lambda c: any("_" not in row["sourcedId"] for row in all_rows(c, "/orgs")), True, False),
    "only-deleted": (lambda c: {row["status"] for row in all_rows(c, "/users")} == {"tobedeleted"}, False, True),
    "no-optional": (lambda c: any("middleName" in row for row in all_rows(c, "/users")), True, False),
    "all-optional": (lambda c: all("middleName" in row for row in all_rows(c, "/users")), False, True),
    "gradebook-refused": (lambda c: c.get("/results").status_code, 200, 403),
    "one-school": (lambda c: len(all_rows(c, "/schools")), 4, 1),
    "static-bearer-only": (lambda c: (challenge(c), token(c)), (["Bearer", "OAuth"], 400), (["Bearer"], 404)),
    "oauth1-only": (lambda c: (challenge(c), token(c)), (["Bearer", "OAuth"], 400), (["OAuth"], 404)),
    "no-nested": (lambda c: c.get("/schools/any/classes").text.count("no resource at this URL"), 0, 1),
    "slow": (waits, [], [SLOW]),
}
LOOKS_OF_1_2: dict[str, tuple[Look, Any, Any]] = {
    "unknown-names-refused": (lambda c: c.get("/orgs?sort=favouriteColour").status_code, 200, 400),
    "no-minor-codes": (lambda c: "imsx_CodeMinor" in c.get("/orgs/none").json(), True, False),
}


def test_every_variant_is_looked_at() -> None:
    assert set(LOOKS) | set(LOOKS_OF_1_2) | {"one-token"} == set(VARIANTS)


@pytest.mark.parametrize(("names", "first"), [([], 200), (["one-token"], 401)])
def test_a_new_token_may_revoke_the_earlier_one(names: list[str], first: int) -> None:
    with Sandbox(variants=variants_by_name(names)) as tenant, client_of(tenant) as client:
        grant, secret = {"grant_type": "client_credentials"}, (tenant.client_id, tenant.client_secret)
        issued = [client.post(tenant.token_url, data=grant, auth=secret).json()["access_token"] for _ in range(2)]
        read = [client.get("/orgs", headers={"Authorization": f"Bearer {each}"}).status_code for each in issued]
    assert read == [first, 200]


@pytest.mark.parametrize("name", LOOKS)
def test_a_variant_does_what_it_says(name: str) -> None:
    look, plain, another = LOOKS[name]
    with serving() as client:
        assert look(client) == plain
    with serving(variants=variants_by_name([name])) as client:
        assert look(client) == another


@pytest.mark.parametrize("name", LOOKS_OF_1_2)
def test_a_variant_of_1_2_does_what_it_says(name: str) -> None:
    look, plain, another = LOOKS_OF_1_2[name]
    for variants, wanted in ((Variants(), plain), (variants_by_name([name]), another)):
        with Sandbox(standard=Standard.of("1.2"), variants=variants) as tenant, client_of(tenant) as client:
            assert look(client) == wanted


def test_a_record_deleted_softly_is_marked_and_changed() -> None:
    with serving(variants=variants_by_name(["soft-delete"]), clock=lambda: 1_750_000_000) as client:
        client.put(
            "/categories/mine", json={"category": {"title": "Tests", "dateLastModified": "2020-01-01T00:00:00Z"}}
        )
        client.delete("/categories/mine")
        gone = data(client.get("/categories/mine"))
        assert (gone["status"], gone["title"]) == ("tobedeleted", "Tests")
        assert gone["dateLastModified"] == "2025-06-15T15:06:40.000Z"
        assert client.delete("/categories/never").status_code == 404


def test_an_empty_tenant_can_be_filled() -> None:
    with serving(variants=variants_by_name(["empty"])) as client:
        assert client.get("/categories").headers["x-total-count"] == "0"
        assert put(client).status_code == 201
        assert [row["sourcedId"] for row in all_rows(client, "/categories")] == ["mine"]


def test_one_school_has_all_the_people() -> None:
    with serving(variants=variants_by_name(["one-school"])) as client:
        (school,) = all_rows(client, "/schools")
        assert len(all_rows(client, "/users")) == 41
        assert len(all_rows(client, f"/schools/{school['sourcedId']}/students")) == len(all_rows(client, "/students"))


def test_one_school_is_kept_beside_the_usual_district(tmp_path: Any) -> None:
    for _ in range(2):
        with Sandbox(cache=tmp_path), Sandbox(cache=tmp_path, variants=Variants(one_school=True)):
            pass
    assert len(list(tmp_path.iterdir())) == 2


def test_a_door_that_is_shut_does_not_open_with_the_right_key() -> None:
    with Sandbox(variants=variants_by_name(["oauth1-only"])) as tenant:
        answer = httpx.get(f"{tenant.base_url}/orgs", headers={"Authorization": f"Bearer {tenant.token}"})
        assert answer.status_code == 401
        assert "Bearer" not in answer.headers["www-authenticate"]


def test_variants_add_up() -> None:
    assert variants_by_name(["page-cap", "no-links"]) == replace(Variants(), page_cap=10, links=False)
    assert variants_by_name([]) == Variants()


def test_an_unknown_variant_is_answered_with_those_that_were_meant() -> None:
    with pytest.raises(UnknownNameError, match="unknown variant 'no-link'; did you mean no-links"):
        variants_by_name(["no-link"])
