"""A server on loopback for the tests of the generated package."""

from collections.abc import Iterator

import pytest

from tests.generated.loopback import Loopback


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server that answers as the test says and remembers what it was asked."""
    with Loopback() as server:
        yield server
