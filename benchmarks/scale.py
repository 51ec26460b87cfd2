"""The scale of a run: numbers of rounds and rows."""

from typing import Final, NamedTuple

__all__ = ["FULL", "QUICK", "Scale"]


class Scale(NamedTuple):
    """The scale of a run.

    Attributes:
        rounds: The number of rounds.
        page_rows: Records per page.
        walk_rows: Records of the collection to read.
        memory_rows: Records of the collections to measure peak memory with.
        latency: Seconds until a page arrives, in the benchmarks with latency.
        file_rows: Users, and enrollments, to write to files.
        pull_rows: Enrollments to pull. Here and below, there are a tenth as many users.
        peer_rows: Enrollments to pull in the comparison with plain loops.
        pull_memory_rows: Enrollments of the two pulls to measure peak memory with.
        growth_rows: Enrollments to read and to pull, to measure how the cost of a row grows; ascending.
    """

    rounds: int
    page_rows: int
    walk_rows: int
    memory_rows: tuple[int, ...]
    latency: float
    file_rows: int
    pull_rows: int
    peer_rows: int
    pull_memory_rows: tuple[int, int]
    growth_rows: tuple[int, ...]


FULL: Final = Scale(
    rounds=7,
    page_rows=1000,
    walk_rows=250_000,
    memory_rows=(10_000, 1_000_000),
    latency=0.075,
    file_rows=20_000,
    pull_rows=1_000_000,
    peer_rows=20_000,
    pull_memory_rows=(100_000, 1_000_000),
    growth_rows=(10_000, 100_000, 1_000_000),
)
QUICK: Final = FULL._replace(
    walk_rows=20_000,
    memory_rows=(10_000, 100_000),
    file_rows=4_000,
    pull_rows=100_000,
    pull_memory_rows=(20_000, 200_000),
    growth_rows=(2_000, 20_000, 100_000),
)
