"""The ids in order, compressed."""

import tracemalloc
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from oneroster.pagination.id_log import IdLog


@given(st.lists(st.lists(st.none() | st.text("ab \n\x00ü", max_size=3), max_size=900), max_size=5))
def test_it_returns_what_was_appended(pages: list[list[str | None]]) -> None:
    log = IdLog()
    for page in pages:
        log.append(page)
    ids = [name for chunk in log.chunks() for name in chunk]
    assert ids == [name for page in pages for name in page]


def test_a_lone_surrogate_is_no_obstacle() -> None:
    log = IdLog()
    log.append(["a\ud800"] * 3000)
    assert sum(len(chunk) for chunk in log.chunks()) == 3000


def test_an_id_takes_few_bytes() -> None:
    ids = [str(UUID(int=number * 2**90 + number)) for number in range(40_000)]
    tracemalloc.start()
    try:
        log, before = IdLog(), tracemalloc.get_traced_memory()[0]
        for start in range(0, len(ids), 1000):
            log.append(ids[start : start + 1000])
        assert (tracemalloc.get_traced_memory()[0] - before) / len(ids) < 24
    finally:
        tracemalloc.stop()
