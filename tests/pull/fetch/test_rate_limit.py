"""A limit on requests per second, by a clock of the test."""

from unittest.mock import patch

import pytest

from oneroster.pull.fetch.rate_limit import RateLimit


def test_requests_are_spaced_evenly_whoever_asks() -> None:
    with patch("oneroster.pull.fetch.rate_limit.time") as clock:
        now = clock.monotonic
        now.return_value = 100.0
        limit = RateLimit(4)
        assert [limit.delay() for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
        now.return_value = 100.8
        assert limit.delay() == pytest.approx(0.2)
        now.return_value = 200.0
        assert limit.delay() == 0.0
