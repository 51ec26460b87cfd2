"""Pages of a collection: the types that a facade returns."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from oneroster_runtime.status import StatusInfo

__all__ = ["AsyncPages", "Page", "Pages", "SupportsRender"]

T = TypeVar("T")


class SupportsRender(Protocol):
    """A filter that is checked against the element before it is sent."""

    def render(self, element: str) -> str:
        """Return the filter expression to send."""


class Page(NamedTuple, Generic[T]):
    """One page of a collection.

    Attributes:
        records: The records that earlier pages did not have.
        total: The number of records in the collection, as the server announces it; None if it does not.
        headers: The headers of the response; names in any case.
        status_info: The status payload, for example warnings such as ``invalid_sort_field``.
        repeated: Whether the page is from a second walk, sorted by sourcedId, after an unstable first one.
    """

    records: list[T]
    total: int | None
    headers: Mapping[str, str]
    status_info: "list[StatusInfo]"
    repeated: bool

    def __repr__(self) -> str:
        return f"Page({len(self.records)} records, total={self.total})"


class Pages(ABC, Generic[T]):
    """A collection that is read while it is iterated. Each iteration reads it again."""

    @abstractmethod
    def __iter__(self) -> Iterator[T]:
        """Iterate over all records, each exactly once."""

    @abstractmethod
    def pages(self) -> Iterator[Page[T]]:
        """Iterate over the same records, page by page."""

    @abstractmethod
    def first(self) -> T | None:
        """Return the first record, None for an empty collection. Sends one request."""

    @property
    @abstractmethod
    def total(self) -> int | None:
        """The number of records that the last response announced; None before the first, and if it did not."""


class AsyncPages(ABC, Generic[T]):
    """A collection that is read while it is iterated. Each iteration reads it again."""

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over all records, each exactly once."""

    @abstractmethod
    def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over the same records, page by page."""

    @abstractmethod
    async def first(self) -> T | None:
        """Return the first record, None for an empty collection. Sends one request."""

    @property
    @abstractmethod
    def total(self) -> int | None:
        """The number of records that the last response announced; None before the first, and if it did not."""
