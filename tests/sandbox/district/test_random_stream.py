"""Random choices depend on nothing but the names of their stream."""

from itertools import islice

from oneroster.sandbox.district.ids_and_timestamps import change_time, ids
from oneroster.sandbox.district.random_stream import RandomStream


def choices(*names: str | int) -> list[object]:
    stream = RandomStream(*names)
    return [
        *(stream.below(1_000) for _ in range(20)),
        stream.pick("abc"),
        stream.pick_skewed("abc"),
        stream.once_in(2),
        change_time(stream),
    ]


def test_the_same_names_give_the_same_choices() -> None:
    assert choices("a", 1) == choices("a", 1) != choices("a", 2)


def test_ids_are_unique() -> None:
    found = list(islice(ids("org", 1), 1_000))
    assert len(set(found)) == len(found)
    assert found == list(islice(ids("org", 1), 1_000))
