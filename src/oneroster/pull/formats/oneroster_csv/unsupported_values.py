"""Count values that CSV importers may reject, and fields that CSV has no column for. Nothing is changed."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from oneroster.pull.formats.oneroster_csv.csv_file import CsvFile
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.roster.columns import EXTRAS_COLUMN
from oneroster.pull.roster.spelling import unlisted

__all__ = ["count_unsupported_values"]

_INVALID_IN_ID: Final = "[^0-9A-Za-z._/@-]"
"""Matches a character that an id must not contain (2.1 [A])."""

_WITHOUT_COLUMN: Final = {
    "metadata": "records with metadata",
    EXTRAS_COLUMN: "records with unknown fields",
    "weight": "weights",
}
"""The columns that CSV lacks, each with a description. ``children`` is not listed: ``parent`` says the same."""


def count_unsupported_values(batch: pa.RecordBatch, file: CsvFile, losses: LossCounts) -> None:
    """Count the unsupported values of one batch.

    Args:
        batch: The rows that are written.
        file: The file that they are written to.
        losses: Receives the counts.
    """
    names = set(batch.schema.names)
    invalid = pc.sum(pc.match_substring_regex(batch.column("sourcedId"), _INVALID_IN_ID)).as_py() or 0
    losses.count_values(
        file.name, "sourcedId", "ids with characters that CSV does not allow, written unchanged", invalid
    )
    for name, what in _WITHOUT_COLUMN.items():
        if name in names and name not in file.columns:
            number = batch.num_rows - batch.column(name).null_count
            losses.count_values(file.name, name, f"{what}, for which CSV has no column", number)
    for name in names.intersection(file.columns):
        _count_unlisted(batch, name, file, losses)
    if {"subjects", "subjectCodes"} <= names:
        _count_unpaired_subjects(batch, file, losses)


def _count_unlisted(batch: pa.RecordBatch, name: str, file: CsvFile, losses: LossCounts) -> None:
    listed = file.listed(name)
    if not listed:
        return
    column = batch.column(name)
    values = column.flatten() if pa.types.is_list(column.type) else column
    losses.count_values(
        file.name, name, "values that the standard does not list", unlisted(values, listed, file.extension(name))
    )


def _count_unpaired_subjects(batch: pa.RecordBatch, file: CsvFile, losses: LossCounts) -> None:
    first, second = (pc.fill_null(pc.list_value_length(batch.column(name)), 0) for name in ("subjects", "subjectCodes"))
    unequal = pc.and_(pc.not_equal(first, second), pc.and_(pc.greater(first, 0), pc.greater(second, 0)))
    losses.count_values(
        file.name,
        "subjectCodes",
        "rows with unequal numbers of subjects and subject codes",
        pc.sum(unequal).as_py() or 0,
    )
