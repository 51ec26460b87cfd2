"""Rows that a server sends twice: proof that its list really holds them twice, and whether they are the same.

A repeated row may mean that rows have moved and others got lost. It is harmless only if the list of the server, sorted
by sourcedId, has the row at two positions. Requests at other offsets show this: the positions are requested again, from
another start. The same holds for rows without an id, behind which others could hide.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Final, NamedTuple

from oneroster.pagination.page_requests import PageRequest, ReceivedPage, Unstable

__all__ = ["Dialogue", "Duplicates", "find_duplicates", "prove_duplicates"]

CONFLICT: Final = (
    "a sourcedId occurs twice with different content; accept_duplicates (--accept-duplicates) keeps the first"
)

Dialogue = Generator[PageRequest, ReceivedPage, None]
"""Yields requests, is sent the page received for each, and raises `Unstable` if they disprove what it is to prove."""


class Duplicates(NamedTuple):
    """The proven duplicates of a page.

    Attributes:
        offset: The offset of the page.
        ids: Its ids.
        identical: The indexes of rows with the content of an earlier one.
        conflicting: The indexes of rows with other content than an earlier one.
    """

    offset: int
    ids: tuple[str | None, ...]
    identical: frozenset[int]
    conflicting: frozenset[int]


def find_duplicates(ids: Sequence[str | None], first: int = 0) -> dict[int, int]:
    """Return the indexes of rows that repeat a row of the same page, with the index of that row.

    Args:
        ids: The ids of the page.
        first: The index of the first row to consider.
    """
    before: dict[str, int] = {}
    found: dict[int, int] = {}
    for index in range(first, len(ids)):
        if (name := ids[index]) is not None and (at := before.setdefault(name.strip(), index)) != index:
            found[index] = at
    return found


def prove_duplicates(
    request: PageRequest,
    page: ReceivedPage,
    same_page: Mapping[int, int],
    positions: Mapping[int, int],
    before: Sequence[str | None],
    proven: list[Duplicates],
    first: int = 0,
) -> Dialogue:
    """Prove that the list of the server has rows twice, or without an id.

    Args:
        request: The request of the page.
        page: The page with the second occurrences.
        same_page: The indexes of rows that repeat a row of the page, with the index of that row.
        positions: The indexes of rows that repeat a row of an earlier page, with the position of that row.
        before: The id of the row before the page, if there is one.
        proven: Receives the duplicates.
        first: The index of the first row of the page that is not received yet.

    Raises:
        Unstable: Rows have moved.
    """
    without_id = [index for index in range(first, len(page.ids)) if page.ids[index] is None]
    yield from _check_alignment(request, page, min([*same_page, *positions, *without_id]), before)
    identical, conflicting = set[int](), set[int]()
    for index, original in same_page.items():
        _check_whole_ids(page.ids[original], page.ids[index])
        (identical if page.same_row(index, page, original) else conflicting).add(index)
    for index, position in positions.items():
        earlier = yield PageRequest(position, 1, request.sorted, repeats=request.repeats + 1)
        name, found = page.ids[index] or "", earlier.ids[0] if earlier.ids else None
        if found is None or found.strip() != name.strip():
            raise Unstable("rows repeat between pages", [name])
        _check_whole_ids(found, name)
        (identical if page.same_row(index, earlier, 0) else conflicting).add(index)
    proven.append(Duplicates(request.offset, tuple(page.ids), frozenset(identical), frozenset(conflicting)))


def _check_alignment(request: PageRequest, page: ReceivedPage, index: int, before: Sequence[str | None]) -> Dialogue:
    """Request the page from another start, where its rows must be at the same positions."""
    repeats, ids = request.repeats + 1, list(page.ids)
    if not index and not before:
        index = 1
    if index == len(ids):
        return  # the only row of the list: there is no other start
    start, expected = (index, ids[index:]) if index else (-1, [*before, *ids])
    shifted = yield PageRequest(request.offset + start, request.limit, request.sorted, repeats=repeats)
    length = min(len(shifted.ids), len(expected))
    if length and list(shifted.ids[:length]) == expected[:length]:
        return
    if not before and list(shifted.ids) == ids:
        # A server that does not page has the whole list on this page.
        single = yield PageRequest(request.offset, 1, request.sorted, repeats=repeats)
        if list(single.ids) == ids:
            return
    if ids[index] is None:
        raise Unstable("rows without a sourcedId are not at the same place in a second response")
    raise Unstable("rows repeat between pages", [name for name in (ids[index],) if name is not None])


def _check_whole_ids(first: str | None, second: str | None) -> None:
    # Ids are compared without surrounding spaces, but no row is left out for an id that is not the same.
    if first != second:
        raise Unstable("two sourcedIds differ only in spaces around them", [name for name in (first, second) if name])
