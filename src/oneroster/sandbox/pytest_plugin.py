"""The pytest fixture `oneroster_sandbox`, available wherever this package is installed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from oneroster.sandbox import Sandbox


@pytest.fixture(scope="session")
def oneroster_sandbox() -> Iterator["Sandbox"]:
    """Return a small conforming tenant on loopback, shared by the whole session.

    Tests that write, or that need faults, another size or another profile, open their own `Sandbox`.
    """
    # Imported on first use, so that test runs without it do not load a web server.
    from oneroster.sandbox import Sandbox

    with Sandbox() as tenant:
        yield tenant
