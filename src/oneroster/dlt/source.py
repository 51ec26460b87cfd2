"""`oneroster`: the source, with one resource per collection."""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import dlt
import pyarrow as pa
import pyarrow.compute as pc

from oneroster.dlt.collection_state import CollectionState, newest_change
from oneroster.errors import ConfigurationError
from oneroster.pull.errors import GuardError, NothingOfferedError
from oneroster.pull.extraction import Extract, extract
from oneroster.pull.outcomes import CollectionOutcome
from oneroster.pull.plan import RosterSelection, collections_to_fetch
from oneroster.pull.roster.columns import KEY_COLUMN, STATUS_COLUMN
from oneroster.pull.sanity_checks import SanityLimits
from oneroster.pull.tenant import Tenant
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification

__all__ = ["SharedDatasetWarning", "oneroster"]

_DELETED: Final = "_deleted"
"""The column by which dlt deletes rows; it is false in all rows that stay."""
_TOBEDELETED: Final = "tobedeleted"
_TENANT: Final = "tenant"
_WEEK: Final = timedelta(days=7)
_EVERYTHING: Final = RosterSelection()
_LIMITS: Final = SanityLimits()


class SharedDatasetWarning(UserWarning):
    """The dataset may be shared by several tenants, whose pipelines would overwrite each other's rows."""


def oneroster(
    tenant: str | Tenant,
    *,
    config: str | Path = "oneroster.toml",
    collections: Sequence[str] = (),
    selection: RosterSelection = _EVERYTHING,
    rate: float | None = None,
    workers: int = 4,
    profile: str = "standard",
    standard: str | None = None,
    whole_after: timedelta = _WEEK,
    limits: SanityLimits = _LIMITS,
    accept_shrink: bool = False,
) -> Any:
    """Return the source of one tenant, with a resource per collection.

    The first run reads all rows. Later runs request the changes, merge them by sourcedId and delete the rows that are
    ``tobedeleted``. A collection is read whole and replaced where the server does not report all changes: the number of
    rows that it announces and the newest change known before must fit.

    Use one dataset per tenant: pipelines that share a dataset share its staging tables, and one may lose rows of
    another.

    Args:
        tenant: The tenant, or its name in the configuration file.
        config: The configuration file.
        collections: The collections, as in ``users``; empty for all.
        selection: What to leave out of them: `columns`, `drop_personal`, `filters`, `with_password`.
        rate: The maximum number of requests per second.
        workers: The maximum number of concurrent requests.
        profile: The dialect.
        standard: The version of OneRoster that the tenant speaks; None for the default.
        whole_after: How old the last whole read may be. A row that vanishes while another appears does not change the
            number of rows; only a whole read shows it.
        limits: How much smaller a collection may become.
        accept_shrink: Whether to replace a collection that became smaller than that.

    Raises:
        ConfigurationError: A collection or a column does not exist, or the selection cannot be used here.
    """
    if selection.active or selection.schools:
        raise ConfigurationError(
            "The source deletes records that are tobedeleted itself; leave out active and schools."
        )
    given = Tenant(tenant, config=Path(config).absolute()) if isinstance(tenant, str) else tenant
    selection = selection._replace(only=tuple(collections) or tuple(selection.only))
    sources = collections_to_fetch(_specification(standard), profile, selection)
    reads = [
        _CollectionRead(given, one.collection, selection, rate, workers, profile, whole_after, limits, accept_shrink)
        for one in sources
    ]

    def resources() -> list[Any]:
        return [read.resource() for read in reads]

    # Lists within rows become JSON, and no tables of their own.
    return dlt.source(resources, name="oneroster", max_table_nesting=0)()


def _specification(standard: str | None) -> Specification:
    return (Standard.of() if standard is None else Standard.of(standard)).specification


@dataclass(frozen=True)
class _CollectionRead:
    """The read of one collection."""

    tenant: Tenant
    collection: str
    selection: RosterSelection
    rate: float | None
    workers: int
    profile: str
    whole_after: timedelta
    limits: SanityLimits
    accept_shrink: bool

    def resource(self) -> Any:
        def tables() -> Iterator[Any]:
            yield from self.tables()

        # A function and not a method, because dlt stores its configuration on it.
        return dlt.resource(
            tables,
            name=self.collection,
            primary_key=KEY_COLUMN,
            write_disposition="merge",
            columns={_DELETED: {"data_type": "bool", "hard_delete": True}},
        )()

    def tables(self) -> Iterator[Any]:
        """Yield the rows to merge, or all rows to replace the table; after the collection has been read completely."""
        _check_pipeline(self.tenant.name)
        state = dlt.current.resource_state()
        before = CollectionState.load(state)
        base = before if before is not None and before.is_fresh(datetime.now(UTC), self.whole_after) else None
        with self._extract(base) as found:
            outcome = found.raise_for_error().outcome(self.collection)
            if self.collection not in found.files:
                self._check_offered(before, outcome)
                return
            table = found.read(self.collection).read_all()
        self._check_shrink(before, outcome.fetched if outcome.whole else None)
        CollectionState.after(outcome, newest_change(table), base).store(state)
        yield from _merged(table) if not outcome.whole else _replaced(table)

    def _extract(self, base: CollectionState | None) -> Extract:
        known = None if base is None else {self.collection: base.known}
        return extract(
            self.tenant,
            selection=self.selection._replace(only=[self.collection]),
            since=None if base is None else base.watermark,
            known=known,
            workers=self.workers,
            rate=self.rate,
            profile=self.profile,
        )

    def _check_offered(self, before: CollectionState | None, outcome: CollectionOutcome) -> None:
        if outcome.refused:
            raise NothingOfferedError(
                f"{self.collection}: the server refuses access to the collection. Check credentials and scopes, or"
                " leave the collection out."
            )
        if before is not None and before.rows and not self.accept_shrink:
            raise NothingOfferedError(
                f"{self.collection}: the server does not offer the collection any more, which had {before.rows} rows."
                " Leave it out, or set accept_shrink."
            )

    def _check_shrink(self, before: CollectionState | None, rows: int | None) -> None:
        """Check that a table is not replaced by far fewer rows."""
        if before is None or rows is None or self.accept_shrink:
            return
        least = before.rows * (1 - self.limits.of("shrink", self.collection))
        if rows < least:
            raise GuardError(
                [f"{self.collection} has {rows} rows, and had {before.rows}; set accept_shrink if it is right."]
            )


def _merged(table: pa.Table) -> Iterator[Any]:
    """Yield changes, with a mark on the rows to delete."""
    if table.num_rows:
        yield _marked(table, _is_deleted(table))


def _replaced(table: pa.Table) -> Iterator[Any]:
    """Yield all rows that are not deleted, as the new content of the table."""
    kept = table.filter(pc.invert(_is_deleted(table)))
    marked = _marked(kept, pa.array([False] * kept.num_rows, pa.bool_()))
    yield dlt.mark.with_hints(marked, dlt.mark.make_hints(write_disposition="replace"))


def _is_deleted(table: pa.Table) -> Any:
    if STATUS_COLUMN not in table.column_names:
        return pa.array([False] * table.num_rows, pa.bool_())
    return pc.fill_null(pc.equal(table.column(STATUS_COLUMN), _TOBEDELETED), False)  # of pyarrow


def _marked(table: pa.Table, deleted: Any) -> pa.Table:
    return table.append_column(_DELETED, deleted)


def _check_pipeline(tenant: str) -> None:
    """Check that the pipeline belongs to the tenant.

    Raises:
        ConfigurationError: It has loaded another tenant before.
    """
    state = dlt.current.source_state()
    if state.setdefault(_TENANT, tenant) != tenant:
        raise ConfigurationError(
            f"This pipeline has loaded tenant {state[_TENANT]!r} before. Give each tenant a pipeline and a dataset of"
            " its own."
        )
    dataset = dlt.current.pipeline().dataset_name or ""
    if _plain(tenant) not in _plain(dataset):
        warnings.warn(
            f"The dataset {dataset!r} is not named after tenant {tenant!r}. Pipelines that share a dataset share its"
            " staging tables, and may lose rows of each other: use one dataset per tenant.",
            SharedDatasetWarning,
            stacklevel=2,
        )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
