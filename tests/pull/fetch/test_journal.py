"""The journal of a staging folder: lines that are appended, torn, and read again."""

from pathlib import Path

import pytest

from oneroster.pull.fetch.journal import JOURNAL_FORMAT, Journal, JournalLine, PageEntry, Segment, read_journal

HEAD = JournalLine(format=JOURNAL_FORMAT, plan={"profile": "standard"}, started_at="now")
SEGMENT = JournalLine(segment=Segment("Org", "Org-000001.arrow", 2, [PageEntry(2, 4, repeated={"1": "o1"})]))


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    journal = Journal(path, [HEAD])
    journal.append(SEGMENT)
    journal.append(JournalLine(fetched="Org"))
    journal.close()
    assert list(read_journal(path)) == [HEAD, SEGMENT, JournalLine(fetched="Org")]
    assert list(read_journal(tmp_path / "other")) == []


@pytest.mark.parametrize("torn", [b'{"segment":{"element":"Org"', b'{"fetched":"Org"}', b"\xff\n"])
def test_a_torn_line_ends_the_journal(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal.ndjson"
    Journal(path, [HEAD]).close()
    path.write_bytes(path.read_bytes() + torn)
    assert list(read_journal(path)) == [HEAD]


def test_a_line_knows_the_element_that_it_concerns() -> None:
    assert SEGMENT.concerns("Org")
    assert JournalLine(fetched="Org").concerns("Org")
    assert not SEGMENT.concerns("User")
    assert not JournalLine(not_offered=("Org", "refused")).concerns("Org")
