"""How far a reading has come, and which page follows."""

from oneroster import Paging
from oneroster.pagination.position import Position


def test_offsets_advance_by_the_rows_received_and_overlap_at_the_end() -> None:
    at = Position(Paging(limit=10), start=5, sorted_=True)
    assert at.next_request()[:3] == (5, 10, True)
    at.announced = 20
    at.advance(["a", "b", "c"])
    assert (at.next_offset, at.remaining, at.next_request().offset) == (8, 12, 7)
    at.advance([*(str(number) for number in range(11)), None])
    assert (at.remaining, at.last_id, at.tail) == (0, "10", 1)
    request = at.next_request()
    assert (request.offset, at.overlaps(request)) == (18, True)


def test_a_page_of_one_row_is_overlapped_with_room_for_another() -> None:
    at = Position(Paging(limit=1), start=0, sorted_=False)
    at.advance(["a"])
    assert at.next_request()[:2] == (0, 2)
    at.narrow = True
    assert at.next_request()[:2] == (1, 1)
