"""What can be a destination."""

from pathlib import Path

import pytest

from oneroster.pull.destinations import as_destination_errors, resolved_destination
from oneroster.pull.errors import DestinationError


def test_a_symbolic_link_is_kept_and_what_it_points_to_is_the_destination(tmp_path: Path) -> None:
    link, target = tmp_path / "roster.duckdb", tmp_path / "of-today.duckdb"
    link.symlink_to(target)
    assert resolved_destination(link) == target.resolve()
    assert resolved_destination(target) == target


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "roster.duckdb"
    link.symlink_to(link)
    with pytest.raises(DestinationError):
        resolved_destination(link)


def test_errors_of_the_operating_system_are_errors_of_the_destination(tmp_path: Path) -> None:
    path = tmp_path / "roster.parquet"
    with pytest.raises(DestinationError, match="No space left"), as_destination_errors(path, "written"):
        raise OSError(28, "No space left on device")
