"""Identifiers and errors of the database formats."""

import errno
import sqlite3
from pathlib import Path

from oneroster.pull.errors import DestinationError
from oneroster.pull.formats.sql_helpers import database_error, quoted_identifier


def test_identifiers_are_quoted() -> None:
    assert quoted_identifier("users") == '"users"'
    assert quoted_identifier('a"b') == '"a""b"'


def test_the_message_of_a_database_is_replaced_as_it_may_quote_a_value() -> None:
    error = database_error(Path("r.sqlite"), "SQLite", sqlite3.DataError("bad value 'Mia'"))
    assert isinstance(error, DestinationError)
    assert str(error) == "r.sqlite: SQLite cannot read or write it; it may be another kind of file, damaged, or in use."


def test_a_full_disk_is_an_error_of_the_operating_system() -> None:
    error = database_error(Path("r.sqlite"), "SQLite", sqlite3.OperationalError("database or disk is full"))
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC
