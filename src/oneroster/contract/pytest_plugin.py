"""Lets pytest judge a live tenant: ``pytest tests/contract --base-url … --token …``.

Every option can also come from the environment (``ONEROSTER_BASE_URL`` …), which keeps secrets out of the process list.
The tests ask for the fixture ``oneroster_target``: the tenant of the command line, or None when no address was given.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from oneroster.contract.target import Target

__all__ = ["oneroster_target", "pytest_load_initial_conftests", "pytest_report_header", "target_of"]

OPTIONS: Final = {
    "--base-url": "base URL of the tenant to judge, ending in /ims/oneroster/v1p1",
    "--token": "static bearer token",
    "--client-id": "client id, for OAuth 2 (with --token-url) or OAuth 1.0a (without)",
    "--client-secret": "client secret; better given as ONEROSTER_CLIENT_SECRET",
    "--token-url": "OAuth 2 token endpoint",
    "--profile": "dialect of the tenant: standard (default) or another profile of the document",
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Iterator[None]:
    """Add the options when all other plugins have added theirs.

    Some of the names are common: ``--base-url`` belongs to pytest-base-url where that is installed. Added earlier, ours
    would make the other plugin fail.
    """
    yield
    group = parser.getgroup("oneroster", "OneRoster contract tests")
    for option, text in OPTIONS.items():
        try:
            group.addoption(option, default=None, help=f"{text} (or ONEROSTER_{option[2:].replace('-', '_').upper()})")
        except ValueError:
            # Another plugin's option; its value is read just the same.
            continue


def target_of(config: pytest.Config) -> "Target | None":
    """The tenant that the options and the environment name, or None when they name no address.

    Raises ``pytest.UsageError`` when the address or the credentials cannot be meant that way.
    """
    from oneroster.contract.target import Target, TargetError

    given = {option[2:].replace("-", "_"): config.getoption(option, None) for option in OPTIONS}
    try:
        return Target.from_settings({name: str(value) for name, value in given.items() if value})
    except TargetError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which tenant is judged, when one is named."""
    target = target_of(config)
    return f"oneroster: judging {target.base_url}" if target is not None else None


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> "Target | None":
    """The tenant named on the command line or in the environment; None when there is no address."""
    return target_of(pytestconfig)
