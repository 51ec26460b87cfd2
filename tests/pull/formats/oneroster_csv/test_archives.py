"""A zip that somebody else wrote is refused before it costs much: by its directory, its methods, or its size."""

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from oneroster.pull import DestinationError, open_destination
from oneroster.pull.formats.oneroster_csv import archives
from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS

HEADER = ",".join(BINDINGS["1.1"].files["orgs"].header) + "\r\n"
MODES = "".join(f"file.{name},{'bulk' if name == 'orgs' else 'absent'}\r\n" for name in BINDINGS["1.1"].files)
MANIFEST = f"propertyName,value\r\noneroster.version,1.1\r\n{MODES}"


def bundle(place: Path, method: int = zipfile.ZIP_DEFLATED, orgs: bytes = b"") -> zipfile.ZipFile:
    archive = zipfile.ZipFile(place, "w", method)
    archive.writestr("manifest.csv", MANIFEST)
    archive.writestr("orgs.csv", HEADER.encode() + orgs)
    return archive


def with_folders(place: Path) -> None:
    with bundle(place) as archive:
        archive.mkdir("notes")


def with_many_entries(place: Path) -> None:
    with bundle(place) as archive:
        for number in range(1200):
            archive.writestr(f"{number}", b"")


def with_a_large_directory(place: Path) -> None:
    with bundle(place) as archive:
        for number in range(40):
            archive.writestr(zipfile.ZipInfo(f"{number}-{'x' * 60_000}"), b"")


def with_two_of_one_name(place: Path) -> None:
    with bundle(place) as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("orgs.csv", HEADER)


def with_another_method(place: Path) -> None:
    bundle(place, zipfile.ZIP_LZMA).close()


def with_a_password(place: Path) -> None:
    bundle(place).close()
    changed = bytearray(place.read_bytes())
    at = changed.index(b"PK\1\2")
    struct.pack_into("<H", changed, at + 8, 1)
    place.write_bytes(changed)


def with_more_than_it_may_expand_to(place: Path) -> None:
    bundle(place).close()
    changed = bytearray(place.read_bytes())
    struct.pack_into("<I", changed, changed.index(b"PK\1\2") + 24, 0xFFFF_0000)
    place.write_bytes(changed)


def damaged(place: Path) -> None:
    bundle(place, orgs=os.urandom(5000)).close()
    changed = bytearray(place.read_bytes())
    changed[-4000:-3000] = bytes(1000)
    place.write_bytes(changed)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "many entries": (with_many_entries, "1202 entries"),
    "a large directory": (with_a_large_directory, "cannot be read"),
    "two of one name": (with_two_of_one_name, "two entries of one name"),
    "another method": (with_another_method, "another method than deflate"),
    "a password": (with_a_password, "encrypted"),
    "a large expansion": (with_more_than_it_may_expand_to, "100 times"),
    "damaged": (damaged, "cannot be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_d4_a_hostile_zip_is_refused(case: str, tmp_path: Path) -> None:
    make, said = HOSTILE[case]
    make(tmp_path / "r.zip")
    with pytest.raises(DestinationError, match=said):
        open_destination(tmp_path / "r.zip").read("Org").read_all()


def test_d4_folders_in_a_zip_do_no_harm(tmp_path: Path) -> None:
    with_folders(tmp_path / "r.zip")
    assert open_destination(tmp_path / "r.zip").read("Org").read_all().num_rows == 0


def test_d4_reads_beyond_the_directory_are_not_bounded(tmp_path: Path) -> None:
    bundle(tmp_path / "r.zip").close()
    with archives.opened_archive(tmp_path / "r.zip") as archive:
        assert archive.read("orgs.csv").decode() == HEADER
