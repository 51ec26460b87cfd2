"""Names that exist are returned; unknown ones are reported with similar names."""

import pytest

from oneroster.sandbox.name_lookup import UnknownNameError, require_known


def test_a_known_name_is_returned() -> None:
    assert require_known("fault", "lost-row", ["lost-row", "any-token"]) == "lost-row"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lost-rows", "unknown fault 'lost-rows'; did you mean lost-row?"),
        ("zzz", "unknown fault 'zzz'; known are any-token, lost-row"),
    ],
)
def test_an_unknown_name_is_reported_with_those_that_exist(name: str, message: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        require_known("fault", name, ["lost-row", "any-token"])
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("fault", "known are name-000, name-001, name-002 and others; `oneroster sandbox --list-faults` lists all 300"),
        ("tenant", "known are name-000, name-001, name-002 and others"),
    ],
)
def test_many_names_are_not_listed_in_a_message(kind: str, message: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        require_known(kind, "zzz", [f"name-{number:03}" for number in range(300)])
    assert str(error.value) == f"unknown {kind} 'zzz'; {message}"
