"""The seed's sample program, as its readme has it, and the examples run against the sandbox."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from oneroster import OneRoster
from oneroster.sandbox import Sandbox

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

# The readme lost its literals when it was stored: the construction and the start of the URL are put back.
SEED = """
import json
from oneroster import OneRoster
def get_users(url):
    oneRoster = OneRoster({client_id!r}, {client_secret!r})
    response = oneRoster.make_roster_request(url)
    decoded = json.loads(response["response"])
    if response["status_code"] == 200:
        return decoded["users"]
    elif response["status_code"] == 401:
        print("Unauthorized Request\\n" + response["response"])
    elif response["status_code"] == 404:
        print("Not Found\\n" + response["response"])
    return None
users = get_users("{base_url}/{path}")
if users is not None:
    for user in users:
        print(user["givenName"] + " " + user["familyName"])
"""


@pytest.fixture(scope="module")
def tenant() -> Iterator[Any]:
    with Sandbox(size="small", seed=1) as running:
        yield running


def finish(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=60,
    )


def run(*arguments: str, **environ: str) -> str:
    finished = finish(*arguments, **environ)
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


def seed(tenant: Any, path: str, secret: str | None = None) -> str:
    return SEED.format(
        client_id=tenant.client_id, client_secret=secret or tenant.client_secret, base_url=tenant.base_url, path=path
    )


def names(tenant: Any) -> list[str]:
    """Of all students, as the tenant has them."""
    with OneRoster(base_url=tenant.base_url, token=tenant.token) as roster:
        return [f"{user.given_name} {user.family_name}" for user in roster.get_all_students()]


def test_the_sample_of_the_seed_prints_all_students(tenant: Any) -> None:
    expected = sorted(names(tenant))
    assert len(expected) > 10
    for path in ("students", "users?filter=role='student'", "users?filter=role%3D%27student%27&limit=100"):
        assert sorted(run("-c", seed(tenant, path)).splitlines()) == expected


def test_the_sample_of_the_seed_tells_refusal_and_absence(tenant: Any) -> None:
    assert run("-c", seed(tenant, "users", "wrong")).startswith("Unauthorized Request\n{")
    assert run("-c", seed(tenant, "users/nobody")).startswith("Not Found\n{")


def test_the_example_of_names_prints_all_students_and_tells_a_refusal(tenant: Any) -> None:
    program, url = str(EXAMPLES / "print_students.py"), f"{tenant.base_url}/students"
    assert run(program, url, tenant.client_id, tenant.client_secret).splitlines() == names(tenant)
    refused = finish(program, url, tenant.client_id, "wrong")
    assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", "Status 401\n")


def changes(tenant: Any, since: datetime) -> list[str]:
    """What the nightly pull has to print, counted without a filter."""
    lines = []
    with OneRoster(base_url=tenant.base_url, token=tenant.token) as roster:
        collections = (roster.get_all_orgs, roster.get_all_classes, roster.get_all_users, roster.get_all_enrollments)
        for collection in collections:
            changed = [record for record in collection() if record.date_last_modified >= since]
            deleted = sum(record.status == "tobedeleted" for record in changed)
            name = collection.__name__.removeprefix("get_all_")
            lines.append(f"{name}: {len(changed) - deleted} changed, {deleted} deleted")
    return lines


def test_the_nightly_pull_counts_what_changed(tenant: Any) -> None:
    program = str(EXAMPLES / "nightly_pull.py")
    settings = {"ONEROSTER_BASE_URL": tenant.base_url, "ONEROSTER_TOKEN": tenant.token}
    counted = []
    for day in ("2000-01-01", "2025-12-01"):
        expected = changes(tenant, datetime.fromisoformat(f"{day}T00:00:00+00:00"))
        assert run(program, day, **settings).splitlines() == expected
        counted.append(expected)
    assert counted[0] != counted[1], "a day that makes no difference proves no filter"
    assert len(run(program, **settings).splitlines()) == 4, "without a day it is yesterday"


def test_the_nightly_pull_stops_at_a_roster_that_cannot_be_read_once() -> None:
    with Sandbox(faults=["wrong-total"]) as tenant:
        settings = {"ONEROSTER_BASE_URL": tenant.base_url, "ONEROSTER_TOKEN": tenant.token}
        finished = finish(str(EXAMPLES / "nightly_pull.py"), "2000-01-01", **settings)
        assert tenant.token not in finished.stderr
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith("orgs: getAllOrgs: ")
    assert "announced" in finished.stderr
