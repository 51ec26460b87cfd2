"""Values of enumerations in another spelling."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.pull.roster.spelling import is_active, is_deleted, standard_spelling, unlisted
from oneroster.standard import Standard

ENUMERATIONS = Standard.of().specification.enumerations


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_no_two_values_of_an_enumeration_differ_in_spelling_only(name: str) -> None:
    listed = ENUMERATIONS[name]
    for change in (str.upper, str.title, lambda value: f" {value} ", lambda value: value.replace(" ", "_")):
        assert standard_spelling(pa.array([change(value) for value in listed]), listed).to_pylist() == list(listed)


@given(st.lists(st.none() | st.text(max_size=8)))
def test_other_values_stay_as_they_are(values: list[str | None]) -> None:
    values = [value for value in values if value is None or value.strip("_ ").casefold() not in ("male", "female")]
    column = pa.array(values, pa.string())
    changed = standard_spelling(column, ("male", "female")).to_pylist()
    assert all(now == before or now in ("male", "female") for now, before in zip(changed, values, strict=True))
    assert unlisted(column, ("male", "female")) == sum(value is not None for value in values)


def test_a_missing_status_is_active_and_an_unknown_one_is_neither() -> None:
    status = pa.array(["active", "Active", None, "tobedeleted", "ToBeDeleted", "inactive", "gone"])
    assert is_active(status).to_pylist() == [True, True, True, False, False, False, False]
    assert is_deleted(status).to_pylist() == [False, False, False, True, True, True, False]
