"""A roster as a bundle can say it, so that it can be compared with one."""

import pyarrow as pa

from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS, CsvBinding
from oneroster.pull.formats.oneroster_csv.file_rows import FileRows
from oneroster.pull.roster.list_columns import with_items
from oneroster.pull.roster.roster_protocol import Roster
from oneroster.pull.roster.views import RosterView

__all__ = ["as_in_a_bundle", "is_in_bundles"]


def is_in_bundles(version: str, element: str) -> bool:
    """Return whether a bundle of a version of OneRoster has a file for the records of an element."""
    binding = BINDINGS.get(version)
    return binding is None or binding.file_of(element) is not None


def as_in_a_bundle(roster: Roster) -> Roster:
    """Return a view that has what a bundle says: one value of several sources, and no ids that REST makes up for parts.

    Args:
        roster: A bundle, or any other roster.
    """
    binding = BINDINGS.get(roster.manifest.standard)
    if binding is None:
        return roster
    return RosterView(roster, lambda element, batch: _as_written(binding, roster, element, batch))


def _as_written(binding: CsvBinding, roster: Roster, element: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    file = binding.file_of(element)
    if file is None:
        return batch
    if any(len(file.sources_of(name)) > 1 for name in file.columns):
        written = FileRows(file, roster).convert(batch)
        for name in file.columns:
            if len(file.sources_of(name)) > 1 and name in batch.schema.names and name in written.schema.names:
                batch = _with_column(batch, name, written.column(name))
    for source in _derived_sources(binding, element):
        name, _, field = source.partition(".")
        if name in batch.schema.names:
            batch = _with_column(batch, name, _without_field(batch.column(name), field))
    return batch


def _derived_sources(binding: CsvBinding, element: str) -> list[str]:
    """Return the fields of nested records of which a bundle has other values, as in ``userProfiles.profileId``."""
    found = []
    for part in binding.parts_of(element):
        found += [source for name in part.derived for source in part.sources_of(name)]
        found += [part.row_id] if part.row_id else []
    return found


def _with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    index = batch.schema.get_field_index(name)
    return batch.set_column(index, batch.schema.field(index), column)


def _without_field(column: pa.Array, name: str) -> pa.Array:
    items = column.flatten()
    fields = list(items.type)
    values = [
        pa.nulls(len(items), field.type) if field.name == name else found
        for field, found in zip(fields, items.flatten(), strict=True)
    ]
    return with_items(column, pa.StructArray.from_arrays(values, fields=fields)).cast(column.type)
