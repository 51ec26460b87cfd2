"""Bundles are of a version that has a binding, written to a folder or a zip."""

import stat
import zipfile
from pathlib import Path

import pytest

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS, binding_of
from oneroster.pull.formats.oneroster_csv.reader import BundleRoster
from oneroster.pull.formats.oneroster_csv.sinks import FolderSink, ZipSink
from oneroster.pull.formats.oneroster_csv.writer import write_bundle
from oneroster.pull.roster.manifest import Manifest, write_manifest
from tests.pull.formats.rosters import roster, school, table


def test_a_roster_of_another_version_is_refused() -> None:
    assert [binding_of(Manifest(standard=version), "The roster").version for version in BINDINGS] == ["1.1", "1.2"]
    with pytest.raises(
        DestinationError, match=r"The roster is of OneRoster 9\.9, and the CSV format supports 1\.1, 1\.2"
    ):
        binding_of(Manifest(standard="9.9"), "The roster")


def test_a_bundle_is_the_same_in_a_folder_and_in_a_zip(tmp_path: Path) -> None:
    made = roster(table("Org", school()))
    with FolderSink.create(tmp_path / "folder") as folder:
        write_bundle(folder, made)
    with ZipSink.create(tmp_path / "r.zip") as archive:
        write_bundle(archive, made)
    with zipfile.ZipFile(tmp_path / "r.zip") as archive_file:
        zipped = {name: archive_file.read(name) for name in archive_file.namelist()}
    assert zipped == {path.name: path.read_bytes() for path in (tmp_path / "folder").iterdir()}
    assert stat.S_IMODE((tmp_path / "r.zip").stat().st_mode) == 0o600


def test_the_manifest_of_the_pull_beside_a_bundle_completes_it(tmp_path: Path) -> None:
    with FolderSink.create(tmp_path / "r") as folder:
        write_bundle(folder, roster(table("Org", school())))
    write_manifest(tmp_path / "r", Manifest(base_url="https://sis.example"))
    stored = BundleRoster(tmp_path / "r")
    assert stored.manifest.base_url == "https://sis.example"
    assert stored.elements() == ("Org",)
