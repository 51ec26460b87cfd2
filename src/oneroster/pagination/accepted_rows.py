"""The rows that a reading has accepted: told apart by their ids, and counted."""

from collections.abc import Sequence
from typing import TypeAlias

from oneroster.pagination.duplicates import CONFLICT, Dialogue, Duplicates, find_duplicates, prove_duplicates
from oneroster.pagination.id_log import IdLog
from oneroster.pagination.id_set import IdSet
from oneroster.pagination.page_requests import PageRequest, ReceivedPage, Unstable
from oneroster.pagination.position import Position

__all__ = ["AcceptedRows", "Hashes"]

Hashes: TypeAlias = Sequence[int | None]


class AcceptedRows:
    """The rows that a reading has accepted.

    Args:
        sorted_: Whether they are requested with ``sort=sourcedId``.
        accept_conflicts: Whether to leave out rows that have the id of another and different content.
        log: Receives the ids of the rows in order; None if it is not needed.

    Attributes:
        seen: Their ids.
        without_id: The number of rows without a readable id.
        identical: The number of rows left out that have the id and the content of another.
        conflicting: The ids of rows left out that have the id of another and different content.
        left_out: The ids of all rows left out.
    """

    def __init__(self, sorted_: bool, accept_conflicts: bool, log: IdLog | None) -> None:
        self._sorted, self._accept_conflicts, self._log = sorted_, accept_conflicts, log
        self.seen = IdSet()
        self.without_id = self.identical = 0
        self.conflicting: list[str] = []
        self.left_out: list[str] = []
        self._proven: list[Duplicates] = []

    def accept(self, request: PageRequest, page: ReceivedPage, hashes: Hashes, first: int) -> list[int] | None:
        """Accept the rows of a page from an index on.

        Returns:
            The indexes of the rows that are not left out; None if rows occur twice or have no id, which must be proven
            first.

        Raises:
            Unstable: Rows with the same id differ.
        """
        ids, new = (page.ids, hashes) if not first else (page.ids[first:], hashes[first:])
        without_id = ids.count(None)
        indexes = list(range(first, len(page.ids)))
        by_offset = page.cursor is None and request.cursor is None
        duplicates = self.seen.indexes_of_known(new) or len(set(new) - {None}) + without_id != len(ids)
        if duplicates or (without_id and by_offset):
            proof = self._proof_of(request, page)
            if proof is None:
                return None
            dropped = self._drop(proof)
            indexes = [index for index in indexes if index not in dropped]
            new = [hashes[index] for index in indexes]
        self.without_id += without_id
        # The ids left are distinct and new to this reading, so the fast method will do.
        self.seen.add_distinct(new)
        if self._log is not None:
            self._log.append(ids)
        return indexes

    def is_proven(self, request: PageRequest, page: ReceivedPage) -> bool:
        """Return whether the duplicates of a page are proven."""
        return self._proof_of(request, page) is not None

    def _proof_of(self, request: PageRequest, page: ReceivedPage) -> Duplicates | None:
        for proof in self._proven:
            if proof.offset == request.offset and proof.ids == tuple(page.ids):
                return proof
        return None

    def _drop(self, proof: Duplicates) -> frozenset[int]:
        self._proven.remove(proof)
        names = [proof.ids[index] or "" for index in sorted(proof.conflicting)]
        if names and not self._accept_conflicts:
            raise Unstable(CONFLICT, names, final=True)
        self.identical += len(proof.identical)
        self.conflicting += names
        self.left_out += [proof.ids[index] or "" for index in sorted(proof.identical | proof.conflicting)]
        return proof.identical | proof.conflicting

    def ask_about_duplicates(
        self, request: PageRequest, page: ReceivedPage, hashes: Hashes, first: int, at: Position
    ) -> Dialogue:
        """Ask whether the list of the server really has rows twice; the page must then be requested again.

        Raises:
            Unstable: It cannot be proven.
        """
        known = [index for index in self.seen.indexes_of_known(hashes) if index >= first]
        found = find_duplicates(page.ids, first)
        same_page = {index: earlier for index, earlier in found.items() if index not in known}
        names = [page.ids[index] or "" for index in known or same_page]
        positions = self._positions(page, known, at)
        if not names and None not in page.ids[first:]:
            raise Unstable("two sourcedIds have the same hash; a new attempt in another process tells them apart")
        # Only in a sorted list do the rows of one id follow each other, so that none of another can hide behind them.
        by_offset = page.cursor is None and request.cursor is None
        if names and not (self._sorted and by_offset and len(positions) == len(known)):
            raise Unstable("rows repeat between pages" if known else "a row occurs twice in one page", names)
        before = [None if at.tail else at.last_id] if at.received else []
        return prove_duplicates(request, page, same_page, positions, before, self._proven, first)

    def _positions(self, page: ReceivedPage, known: Sequence[int], at: Position) -> dict[int, int]:
        """Return where the rows of earlier pages are that a page repeats, if it is the last row before it."""
        names = {index: (page.ids[index] or "").strip() for index in known}
        last = None if at.last_id is None else at.last_id.strip()
        return {index: at.next_offset - 1 - at.tail for index, name in names.items() if name == last}
