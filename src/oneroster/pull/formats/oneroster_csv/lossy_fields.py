"""What an importer may stumble over, and what the binding has no column for: counted, not changed."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.binding import STANDARD, File
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.roster.columns import EXTRAS_COLUMN

__all__ = ["report"]

_FOREIGN: Final = "[^0-9A-Za-z._/@-]"
"""Signs outside the alphabet of ids (2.1 [A])."""

_UNTOLD: Final = {
    "metadata": "records have metadata",
    EXTRAS_COLUMN: "records have unknown fields",
    "weight": "weights",
}
"""By column, what REST has and the binding has no column for. ``children`` says nothing that ``parent`` does not."""


def report(batch: pa.RecordBatch, file: File, tally: LossCounts) -> None:
    """Count it for one batch of rows that are written."""
    names = set(batch.schema.names)
    foreign = pc.sum(pc.match_substring_regex(batch.column("sourcedId"), _FOREIGN)).as_py() or 0
    tally.note(file.name, "sourcedId", "ids have signs that the binding does not allow, and stay as they are", foreign)
    if file.association is not None:
        return
    for name, what in _UNTOLD.items():
        if name in names:
            number = batch.num_rows - batch.column(name).null_count
            tally.note(file.name, name, f"{what}, for which there is no column", number)
    for name in names.intersection(file.columns):
        _enumeration(batch, name, file, tally)
    if {"subjects", "subjectCodes"} <= names:
        _pairs(batch, file, tally)


def _enumeration(batch: pa.RecordBatch, name: str, file: File, tally: LossCounts) -> None:
    known = file.column(name).property
    if known is None or known.enumeration is None:
        return
    column = batch.column(name)
    values = column.flatten() if pa.types.is_list(column.type) else column
    listed = pc.is_in(values, value_set=pa.array(STANDARD.specification.enumerations[known.enumeration], pa.string()))
    odd = pc.sum(pc.and_(pc.is_valid(values), pc.invert(listed))).as_py() or 0
    tally.note(file.name, name, "values are none of the standard's", odd)


def _pairs(batch: pa.RecordBatch, file: File, tally: LossCounts) -> None:
    first, second = (pc.fill_null(pc.list_value_length(batch.column(name)), 0) for name in ("subjects", "subjectCodes"))
    odd = pc.and_(pc.not_equal(first, second), pc.and_(pc.greater(first, 0), pc.greater(second, 0)))
    tally.note(file.name, "subjectCodes", "rows have not as many of them as subjects", pc.sum(odd).as_py() or 0)
