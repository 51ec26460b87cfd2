"""The seed's sample program, as its readme has it, and the examples run against the sandbox."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oneroster.sandbox import Sandbox

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

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


def run(*arguments: str, **environ: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True, check=True, env=environ, timeout=60
    )
    return finished.stdout


def seed(tenant: Any, path: str, secret: str | None = None) -> str:
    return SEED.format(
        client_id=tenant.client_id, client_secret=secret or tenant.client_secret, base_url=tenant.base_url, path=path
    )


def test_the_sample_of_the_seed_prints_all_students(tenant: Any) -> None:
    printed = run("-c", seed(tenant, "users?filter=role='student'"))
    assert len(printed.splitlines()) == len(run("-c", seed(tenant, "students")).splitlines()) > 10


def test_the_sample_of_the_seed_tells_refusal_and_absence(tenant: Any) -> None:
    assert run("-c", seed(tenant, "users", "wrong")).startswith("Unauthorized Request\n{")
    assert run("-c", seed(tenant, "users/nobody")).startswith("Not Found\n{")


def test_the_examples_run(tenant: Any) -> None:
    names = run(
        str(EXAMPLES / "print_students.py"), f"{tenant.base_url}/students", tenant.client_id, tenant.client_secret
    )
    assert len(names.splitlines()) > 10
    counts = run(
        str(EXAMPLES / "nightly_pull.py"), ONEROSTER_BASE_URL=tenant.base_url, ONEROSTER_TOKEN=tenant.token
    ).splitlines()
    assert [line.split(":")[0] for line in counts] == ["orgs", "classes", "users", "enrollments"]
