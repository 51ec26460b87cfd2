"""The deadline of a thread; `test_hostile_servers` shows that it holds on sockets."""

import math
import time

from oneroster.transport.deadline import seconds_left, until


def test_a_deadline_holds_inside_its_block_and_only_becomes_earlier() -> None:
    now = time.monotonic()
    assert seconds_left() == math.inf
    with until(now + 1000):
        assert seconds_left() <= 1000
        with until(now + 5000):
            assert seconds_left() <= 1000
        with until(now - 1):
            assert seconds_left() < 0
        assert seconds_left() > 0
    assert seconds_left() == math.inf
