"""The tests that the package ships, run against the tenant of the command line, or against the sandbox.

pytest tests/contract --base-url https://sis.example/ims/oneroster/v1p1, with ONEROSTER_TOKEN in the environment
"""

from collections.abc import Iterator

import pytest

from oneroster.contract.http.credentials import OAuth2Credentials
from oneroster.contract.http.target import Target, required_scopes
from oneroster.contract.pytest_plugin import target_from
from oneroster.contract.test_contract import oneroster_report, test_rule
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard

STANDARD = Standard.of("1.1")


__all__ = ["oneroster_report", "test_rule"]


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """The tenant of the command line, or a sandbox."""
    named = target_from(pytestconfig)
    if named is not None:
        yield named
        return
    with Sandbox() as tenant:
        # With OAuth 2 and writes allowed, most rules can run.
        scopes = required_scopes(STANDARD.specification, writes=True)
        access = OAuth2Credentials(tenant.token_url, tenant.client_id, tenant.client_secret, scopes)
        yield Target(tenant.base_url, access=access, allow_writes=True)
