"""The pages of a collection as a stream of Arrow record batches, over the same walk as its typed records."""

import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from threading import Event
from typing import Any, Final

import pyarrow as pa

from oneroster.errors import ConfigurationError
from oneroster.pages import WalkedPages
from oneroster.pagination.walk import PageRequest
from oneroster.pull.errors import RejectsWarning
from oneroster.pull.fetch.arrow_batches import Batcher
from oneroster.pull.fetch.row_parser import RowsCall, RowsPage
from oneroster.pull.plan import RosterSelection, columns_to_fetch, fields_to_drop
from oneroster.pull.roster.columns import KEY_COLUMN, columns_of, schema_of
from oneroster.pull.roster.rejects import MISSING, Rejects
from oneroster.standard import Standard

__all__ = ["page_stream"]

_EVERYTHING: Final = RosterSelection()


def page_stream(
    pages: WalkedPages[Any], columns: Sequence[str] | None = None, rejects: Rejects | None = None
) -> pa.RecordBatchReader:
    """Return the records of a collection as a stream of record batches, one for each page; see `Pages.arrow`.

    Args:
        pages: The collection.
        columns: The columns to read, with ``sourcedId``; None for all but passwords.
        rejects: Collects the fields and records that cannot be read, in place of a warning.

    Raises:
        ConfigurationError: A column does not exist.
    """
    stream = _PageStream(pages, columns, Rejects() if rejects is None else rejects)
    return pa.RecordBatchReader.from_batches(stream.schema, stream.batches(warn=rejects is None))


class _PageStream:
    def __init__(self, pages: WalkedPages[Any], columns: Sequence[str] | None, rejects: Rejects) -> None:
        call, session = pages.call, pages.session
        self._pages, self._rejects = pages, rejects
        self._rows = RowsCall(
            call.standard,
            call.operation.operation_id,
            call.arguments,
            session.service_urls,
            session.settings.time_zone,
        )
        # Records of a selection of fields lack the others.
        self._selected = bool(call.arguments.get("fields"))
        self.schema = schema_of(call.standard.specification, self._rows.element, self._columns(call.standard, columns))
        dropped = fields_to_drop(call.standard.specification, self._rows.element, _EVERYTHING)
        self._batcher = Batcher(call.standard, self.schema, dropped)

    def _columns(self, standard: Standard, columns: Sequence[str] | None) -> set[str]:
        element = self._rows.element
        if columns is None:
            return set(columns_to_fetch(standard.specification, element, _EVERYTHING))
        known = [column.name for column in columns_of(standard.specification, element)]
        if unknown := [name for name in columns if name not in known]:
            raise ConfigurationError(f"{element} has no column {', '.join(unknown)}; it has {', '.join(known)}.")
        return {KEY_COLUMN, *columns}

    def batches(self, *, warn: bool) -> Iterator[pa.RecordBatch]:
        yield from self._pages.walked(self._fetch, self._batch)
        if warn and self._rejects.fields:
            counts = sorted(self._rejects.fields.items())
            found = ", ".join(f"{number} {field or 'records'} ({reason})" for (_, field, reason), number in counts)
            message = f"{self._rows.operation.operation_id}: {found}; arrow(rejects=Rejects()) lists them by sourcedId"
            warnings.warn(message, RejectsWarning, stacklevel=2)

    def _fetch(self, request: PageRequest, stop: Event) -> RowsPage:
        url, parse = self._rows.page_url(request), partial(self._rows.read_requested_rows, request)
        return self._pages.session.read(url, parse, self._rows.operation.operation_id, stop)

    def _batch(self, page: RowsPage, indexes: list[int]) -> pa.RecordBatch | None:
        rows = page.rows if len(indexes) == len(page.rows) else [page.rows[index] for index in indexes]
        if page.flaws:
            found = (reject for index in indexes for reject in page.flaws.get(index, ()))
            self._rejects.add(each for each in found if not (self._selected and each.reason == MISSING))
            rows = [row for row in rows if row is not None]
        return self._batcher.batch(rows) if rows else None
