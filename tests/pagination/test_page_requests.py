"""What a walk requests and receives."""

from oneroster.pagination.page_requests import ReceivedPage


def test_rows_are_compared_by_their_contents() -> None:
    page, other = (ReceivedPage(["a", "b"], contents=lambda rows=rows: rows) for rows in ([1, 2], [3, 1]))  # type: ignore[misc]  # bound at once
    assert page.same_row(0, other, 1)
    assert not page.same_row(0, other, 0)
    # A page read from the journal has no contents; it was compared when it was received.
    assert page.same_row(0, ReceivedPage(["a"]), 0)
    assert not page.same_row(0, ReceivedPage(["a"], contents=list), 0)
