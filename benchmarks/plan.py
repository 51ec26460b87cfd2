"""How much is measured."""

from typing import Final, NamedTuple

__all__ = ["FULL", "QUICK", "Plan"]


class Plan(NamedTuple):
    """The size of a run.

    Attributes:
        rounds: How often every contestant of a table row is measured.
        page_rows: Records of a page.
        walk_rows: Records of the collection that is walked.
        memory_rows: Records of the collections whose walks are weighed.
        latency: Seconds that a page takes to arrive in the walk, and the pull, over a distance.
        file_rows: Users, and enrollments, that become files.
        pull_rows: Enrollments that are pulled; of users, there and below, a tenth.
        pull_memory_rows: Enrollments of the two pulls that are weighed.
    """

    rounds: int
    page_rows: int
    walk_rows: int
    memory_rows: tuple[int, ...]
    latency: float
    file_rows: int
    pull_rows: int
    pull_memory_rows: tuple[int, int]


FULL: Final = Plan(
    rounds=7,
    page_rows=1000,
    walk_rows=250_000,
    memory_rows=(10_000, 1_000_000),
    latency=0.075,
    file_rows=20_000,
    pull_rows=1_000_000,
    pull_memory_rows=(100_000, 1_000_000),
)
QUICK: Final = FULL._replace(
    walk_rows=20_000,
    memory_rows=(10_000, 100_000),
    file_rows=4_000,
    pull_rows=100_000,
    pull_memory_rows=(20_000, 200_000),
)
