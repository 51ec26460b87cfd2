"""Pages of a collection: the types that a facade returns."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

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

    @abstractmethod
    def arrow(self, columns: Sequence[str] | None = None, rejects: Any = None) -> "pa.RecordBatchReader":
        """Return the records as a stream of Arrow record batches, for pandas, Polars and DuckDB.

        The collection is walked while the stream is read, each record exactly once; an incomplete walk raises at the
        end of the stream. The columns are those of `oneroster pull`. A field that cannot be read is null, and a record
        without a readable sourcedId is left out; a `RejectsWarning` at the end counts both.

        Args:
            columns: The columns to read, with ``sourcedId``; None for all but passwords.
            rejects: An `oneroster.pull.Rejects` that collects these fields and records, in place of the warning.

        Raises:
            ConfigurationError: A column does not exist, or pyarrow is not installed.
        """

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
