"""The fixture `oneroster_sandbox`, for the tests of whoever installs this package."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from oneroster.sandbox import Sandbox


@pytest.fixture(scope="session")
def oneroster_sandbox() -> Iterator["Sandbox"]:
    """A small conforming tenant on loopback, one for the whole session: `base_url`, `token`, `client_id` and the rest.

    Tests that write, or that want faults, another size or another profile, open a `Sandbox` of their own.
    """
    # Imported when used, so that test runs without it do not pay for a web server.
    from oneroster.sandbox import Sandbox

    with Sandbox() as tenant:
        yield tenant
