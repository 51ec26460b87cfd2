"""The contract suite of the package, on the tenant that the command line names, or on the sandbox.

Run ``pytest tests/contract --base-url https://sis.example/ims/oneroster/v1p1`` with ONEROSTER_TOKEN in the environment.
"""

from collections.abc import Iterator

import pytest

from oneroster.contract.http.credentials import OAuth2Credentials
from oneroster.contract.http.target import Target, wanted_scopes
from oneroster.contract.pytest_plugin import target_from
from oneroster.contract.test_contract import oneroster_report, test_rule
from oneroster.sandbox import Sandbox

__all__ = ["oneroster_report", "test_rule"]


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> Iterator[Target]:
    """Return the tenant that the command line names, otherwise a sandbox."""
    named = target_from(pytestconfig)
    if named is not None:
        yield named
        return
    with Sandbox() as tenant:
        # OAuth 2 with all scopes, because most rules can be judged with it.
        scopes = wanted_scopes(writes=True)
        access = OAuth2Credentials(tenant.token_url, tenant.client_id, tenant.client_secret, scopes)
        yield Target(tenant.base_url, access=access, allow_writes=True)
