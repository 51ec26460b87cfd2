"""How a collection is read exactly once: decisions without I/O.

A `CollectionWalk` decides what to request next and takes the page that was received. Guarantee: a row that is present
and unchanged from begin to end is returned exactly once, or the walk raises; a row that is added or removed meanwhile
is returned once or not at all.

How it knows, as no single word of a server can be trusted (4 response headers, obligation [C]):

- It advances by the rows received, never by the limit asked; servers cut limits silently.
- While the announced total is not reached, pages follow each other. Beyond that (and always, when no total is
  announced) a page begins at the last row already known. Every page must then hold that row: an ignored offset, a lost
  row or an empty answer shows at the seam, and the seam alone, with nothing behind it, proves the end.
- A repeated row, a shrinking total, a lost seam or a missing rest make the reading unstable. It is repeated once from
  the start under ``sort=sourcedId``, giving only rows not given before; if that is unstable too, the walk raises.
- Servers that page by a cursor of their own are followed along their ``next`` links.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from oneroster.errors import CountMismatchError, PagingError, UnstableCollectionError
from oneroster.pagination.id_set import IdSet, digests

__all__ = ["CollectionWalk", "PageInfo", "PageRequest", "Paging"]

_NAMED: Final = 10
Digests: TypeAlias = Sequence[bytes | None]


class Paging(NamedTuple):
    """How collections are read.

    Attributes:
        limit: Rows to ask for in one page.
        windows: Pages asked for at the same time, once the server has shown that it honours limit and total and the
            walk mostly waits for it; 1 reads one after the other.
        trust_total: False for servers whose X-Total-Count is known to be wrong (some count before the filter).
        most_requests: A walk that needs more is taken for endless.
        adaptive: Whether twice as many windows are opened where the walk still mostly waits. False opens `windows` in
            any case and never more.
    """

    limit: int = 1000
    windows: int = 4
    trust_total: bool = True
    most_requests: int = 100_000
    adaptive: bool = True


class PageRequest(NamedTuple):
    """One page to ask for.

    Attributes:
        offset: Index of the first row.
        limit: Rows.
        sorted: Whether the walk imposes ``sort=sourcedId``.
        cursor: The query of a ``next`` link to follow in place of offset and limit.
        again: How often the same page was asked for before.
        expected: Rows that must come for the windows behind this one to be of use.
    """

    offset: int
    limit: int
    sorted: bool = False
    cursor: str | None = None
    again: int = 0
    expected: int | None = None


class PageInfo(NamedTuple):
    """What matters of one page that came.

    Attributes:
        ids: The sourcedId of each row, None for rows without a readable one.
        total: X-Total-Count, when it is a whole number.
        cursor: The query of the ``next`` link, when it pages by something else than offset.
    """

    ids: Sequence[str | None]
    total: int | None = None
    cursor: str | None = None


class CollectionWalk:
    """The reading of one collection.

    Args:
        collection: The operationId, for errors.
        paging: How to read.
        offset: Rows that the caller wants left out at the start.

    Attributes:
        collection: The operationId.
        total: What the server announced last; None when it announced nothing.
        reason: Why there is a second reading; empty while there is none.
    """

    def __init__(self, collection: str, paging: Paging, offset: int = 0) -> None:
        self.collection = collection
        self.reason = ""
        self._paging = paging
        self._start = offset
        self._given = IdSet()
        self._nameless = 0
        self._requests = 0
        self._pass = 0
        self.total: int | None = None
        self._begin_pass()

    def _begin_pass(self) -> None:
        self._seen = self._given if self._pass == 0 else IdSet()
        self._received = 0
        self._announced: int | None = None
        self._last: str | None = None
        self._again = 0
        self._size: int | None = None
        self._largest = 0
        self._aligned = False
        self._cursor: str | None = None
        self._first = True
        self._ended = False

    @property
    def repeated(self) -> bool:
        """Whether the second reading, under ``sort=sourcedId``, is going on."""
        return self._pass > 0

    def asks(self, ahead: int = 1) -> list[PageRequest]:
        """The pages to have asked for now, the next one to take first; empty at the end.

        Args:
            ahead: The most pages to be on their way at once.

        Raises:
            PagingError: The walk needs more requests than allowed.
        """
        if self._ended:
            return []
        if self._requests >= self._paging.most_requests:
            reason = f"no end after {self._requests} requests; raise Paging.most_requests if that can be"
            raise self._error(PagingError, reason)
        first = self._next_ask()
        asks = [first]
        while len(asks) < ahead and (further := self._window_behind(asks[-1])) is not None:
            asks.append(further)
        return asks

    def _next_ask(self) -> PageRequest:
        if self._cursor is not None:
            return PageRequest(self._start + self._received, self._paging.limit, self.repeated, self._cursor)
        at = self._start + self._received - (1 if self._overlaps() else 0)
        limit, expected = self._paging.limit, None
        if self._size is not None and self._left() > 0 and not self._overlaps():
            limit, expected = self._size, min(self._size, self._left())
        return PageRequest(at, limit, self.repeated, None, self._again, expected)

    def _window_behind(self, ask: PageRequest) -> PageRequest | None:
        """The page after a page that has not come yet; None unless its place is certain enough."""
        if ask.expected is None or ask.again or self._size is None or self._announced is None:
            return None
        offset = ask.offset + ask.expected
        rows = min(self._size, self._announced - offset)
        return ask._replace(offset=offset, expected=rows) if rows > 0 else None

    def _left(self) -> int:
        return 0 if self._announced is None else self._announced - self._start - self._received

    def _overlaps(self) -> bool:
        # A server that gives one row a page would show nothing behind the seam, whatever there is.
        return self._largest > 1 and self._last is not None and self._left() <= 0 and not self._aligned

    def _overlapped(self, ask: PageRequest) -> bool:
        return self._received > 0 and ask.offset == self._start + self._received - 1

    def take(self, ask: PageRequest, facts: PageInfo) -> list[int]:
        """The indexes of the rows of a page that are to be given.

        Args:
            ask: The first of the last `asks`.
            facts: What came.

        Raises:
            UnstableCollectionError: Rows repeat or get lost, in both readings.
            CountMismatchError: Fewer rows came than announced, in both readings.
        """
        self._requests += 1
        if not self._note_total(facts.total):
            return self._unstable("the announced total shrank while the collection was read")
        made = digests(facts.ids)
        if facts.cursor is not None or ask.cursor is not None:
            return self._take_by_cursor(ask, facts, made)
        if self._overlapped(ask):
            return self._take_at_seam(ask, facts, made)
        return self._take_next(ask, facts, made)

    def _known(self, facts: PageInfo, made: Digests) -> list[str]:
        """The ids of a page that this reading has had before."""
        return [facts.ids[index] or "" for index in self._seen.held(made)]

    def _note_total(self, total: int | None) -> bool:
        """Whether the total is no sign of rows that moved."""
        if total is None or not self._paging.trust_total:
            return True
        self.total = total
        before, self._announced = self._announced, total
        return before is None or total >= before

    def _take_next(self, ask: PageRequest, facts: PageInfo, made: Digests) -> list[int]:
        """A page that begins behind the rows received."""
        if not facts.ids:
            return self._take_nothing()
        known = self._known(facts, made)
        if known:
            return self._take_known(ask, facts, known)
        if self._first and self._left() > len(facts.ids):
            self._size = len(facts.ids)
        elif ask.expected is not None and len(facts.ids) != ask.expected:
            # The window was cut: what lies behind it has to be asked for anew, one after the other.
            self._size = None
        if None in facts.ids and len(set(facts.ids)) == 1 and not self._first and self._announced is None:
            return self._unstable("rows have no sourcedId and no total is announced, so nothing tells them apart")
        return self._accept(facts.ids, made)

    def _take_nothing(self) -> list[int]:
        # Behind rows, where neither a total nor the seam proves the end, an empty page is to be said twice.
        unproven = self._left() != 0 or (self._announced is None and self._received > 0)
        if unproven and self._again < 1:
            self._again += 1
            return []
        if self._left() > 0:
            return self._unstable("the server stopped giving rows before its total", CountMismatchError)
        self._finish()
        return []

    def _take_known(self, ask: PageRequest, facts: PageInfo, known: list[str]) -> list[int]:
        """A page where nothing known should be."""
        if self._first:
            return self._unstable("a row stands twice in one page", ids=known)
        # Who gives just as many as were asked for has not shown that these are all.
        whole = self._announced is not None and self._left() <= 0 and len(facts.ids) != ask.limit
        # Where offsets are rounded down to whole pages, a short page that ends with the last row has nothing behind it.
        whole |= self._aligned and facts.ids[-1] == self._last and len(facts.ids) < self._largest
        if len(known) == len(facts.ids) and whole:
            self._finish()
            return []
        return self._unstable(self._why_known(facts, known), ids=known)

    def _why_known(self, facts: PageInfo, known: list[str]) -> str:
        if len(known) == len(facts.ids):
            return "the server gave a page again that it had given before, as if it ignored offset"
        return "rows repeat between pages"

    def _take_at_seam(self, ask: PageRequest, facts: PageInfo, made: Digests) -> list[int]:
        """A page that must begin with the last row received."""
        ids, known = facts.ids, self._known(facts, made)
        if ids and ids[0] == self._last:
            if len(known) > 1:
                return self._unstable("rows repeat between pages", ids=known[1:])
            if len(ids) == 1:
                self._finish()
                return []
            return [index + 1 for index in self._accept(ids[1:], made[1:])]
        if len(known) == len(ids):
            return self._take_no_seam(ask, len(ids))
        return self._unstable("a row that was there is not where it was", ids=known)

    def _take_no_seam(self, ask: PageRequest, came: int) -> list[int]:
        if not came and self._again < 1:
            # A row is known to be there: whatever the total says, its absence is to be said twice.
            self._again += 1
        elif self._announced is not None and self._left() == 0 and came != ask.limit:
            # The total says the same as this page: there is nothing more.
            self._finish()
        elif came and not self._aligned:
            # Some servers round offset down to whole pages; the next whole page shows whether this is one.
            self._aligned = True
        else:
            return self._unstable("the server gave nothing where rows had been")
        return []

    def _take_by_cursor(self, ask: PageRequest, facts: PageInfo, made: Digests) -> list[int]:
        self._cursor = facts.cursor
        known = self._known(facts, made)
        if known or (ask.cursor is not None and facts.cursor == ask.cursor):
            return self._unstable("the next link leads to rows that had been given", ids=known)
        given = self._accept(facts.ids, made)
        if facts.cursor is None:
            if self._left() > 0:
                return self._unstable("the next links end before the total", CountMismatchError)
            self._finish()
        return given

    def _accept(self, ids: Sequence[str | None], made: Digests) -> list[int]:
        nameless = ids.count(None)
        if len({digest for digest in made if digest is not None}) + nameless != len(ids):
            # Before any of them is remembered as given.
            named = [name.strip() for name in ids if name is not None]
            return self._unstable("a row stands twice in one page", ids=[n for n in set(named) if named.count(n) > 1])
        self._nameless += nameless
        # By now none of them was in this reading before, nor twice in the page.
        self._seen.extend(made)
        given = self._given.put(made) if self.repeated else list(range(len(ids)))
        self._received += len(ids)
        self._largest = max(self._largest, len(ids))
        self._last = ids[-1] if ids else self._last
        self._again = 0
        self._first = False
        return given

    def _finish(self) -> None:
        self._ended = True

    def _unstable(
        self, reason: str, error: type[PagingError] = UnstableCollectionError, ids: Sequence[str] = ()
    ) -> list[int]:
        if self._pass or self._nameless:
            nameless = "; rows without sourcedId forbid a second reading"
            again = " and again under sort=sourcedId" if self._pass else nameless
            raise self._error(error, f"{reason}{again}", ids)
        self._pass, self.reason = 1, reason
        self._begin_pass()
        return []

    def _error(self, error: type[PagingError], reason: str, ids: Sequence[str] = ()) -> PagingError:
        return error(self.collection, reason, len(self._given) + self._nameless, self._announced, ids[:_NAMED])
