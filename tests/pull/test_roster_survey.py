"""What one reading of a roster shows: rows, references, spelling."""

from typing import Any

import pyarrow as pa
import pytest

from oneroster.pull.roster.columns import reference_column, schema_of
from oneroster.pull.roster.elements import collection_name
from oneroster.pull.roster.list_columns import field_of_items
from oneroster.pull.roster.manifest import Manifest
from oneroster.pull.roster.rejects import Rejects
from oneroster.pull.roster.roster_protocol import MemoryRoster, count_rows
from oneroster.pull.roster_survey import ReferenceCounts, survey
from oneroster.standard import Standard
from tests.pull.formats.rosters import CLASS, small, student


def roster(**changed: list[dict[str, Any]]) -> MemoryRoster:
    return MemoryRoster(Manifest(), small(**changed))


def test_references_are_checked_unless_their_collection_is_partial() -> None:
    made = roster(Class=[{**CLASS, "courseSourcedId": "nowhere", "termSourcedIds": [" t "]}])
    rejects = Rejects()
    found = survey(made, rejects)
    assert [(reject.field, reject.refers_to) for reject in rejects] == [("course", "nowhere")]
    assert found.references["classes", "course"] == ReferenceCounts(True, 1, 0, 1)
    assert found.references["classes", "terms"] == ReferenceCounts(True, 1, 0, 0)
    assert survey(made, Rejects(), {"courses"}).references["classes", "course"] == ReferenceCounts(True)
    assert found.rows == {element: count_rows(made, element) for element in made.elements()}


@pytest.mark.parametrize("partial", [(), ("academicSessions",), None])
@pytest.mark.parametrize("empty", [None, []])
def test_b4_a_required_reference_without_a_value_counts_like_one_that_leads_nowhere(
    partial: tuple[str, ...] | None, empty: object
) -> None:
    rejects = Rejects()
    found = survey(roster(Class=[{**CLASS, "termSourcedIds": empty}]), rejects, partial)
    counts = found.references["classes", "terms"]
    assert (counts.checked, counts.missing, counts.unresolved) == (1, 1, 0)
    assert [(reject.sourced_id, reject.field, reject.refers_to) for reject in rejects] == [("c", "terms", None)]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("empty", [None, "", " \u00a0"])
def test_b4_every_reference_that_the_document_requires_is_counted(version: str, empty: str | None) -> None:
    specification = Standard.of(version).specification
    for element, known in specification.elements.items():
        references = [one for one in known.properties.values() if one.refers_to and one.required]
        if not known.collection or not references:
            continue
        blank: dict[str, object] = {
            reference_column(one): empty if one.kind == "reference" else [] for one in references
        }
        row = {"sourcedId": "x", "status": "active", **blank}
        made = pa.Table.from_pylist([row], schema=schema_of(specification, element))
        found = survey(MemoryRoster(Manifest(standard=version), {element: made}), Rejects(), None)
        name = collection_name(specification, element)
        for one in references:
            assert found.references[name, one.name] == ReferenceCounts(True, 1, 1, 0), (element, one.name)


def test_b4_a_deleted_record_needs_no_references() -> None:
    rejects = Rejects()
    survey(roster(Class=[{**CLASS, "status": "ToBeDeleted", "termSourcedIds": None}]), rejects)
    assert not list(rejects)


def test_values_that_are_not_spelt_as_in_the_standard_are_counted() -> None:
    users = [student("u"), student("v", role="Student"), student("w", role="pupil"), student("x", role=None)]
    found = survey(roster(User=users), Rejects())
    assert found.respelled == {("users", "role"): 1}
    assert found.unlisted == {("users", "role"): 1}
    assert found.notes() == [
        "users.role: 1 value differs from the standard's in case or punctuation; kept as sent.",
        "users.role: 1 value is not listed by the standard; kept as sent.",
    ]


def newer(*roles: Any) -> MemoryRoster:
    """Users of 1.2 with these roles, and one school."""
    specification = Standard.of("1.2").specification
    users = [{"sourcedId": f"u-{number}", "status": "active", "roles": each} for number, each in enumerate(roles)]
    orgs = [{"sourcedId": "s", "status": "active", "type": "ext:academy"}]
    tables = {
        element: pa.Table.from_pylist(rows, schema=schema_of(specification, element))
        for element, rows in {"Org": orgs, "User": users}.items()
    }
    return MemoryRoster(Manifest(standard="1.2"), tables)


def test_b4_references_of_nested_records_are_checked_like_those_of_records() -> None:
    rejects = Rejects()
    role = {"roleType": "primary", "role": "student"}
    at_school, elsewhere = {**role, "orgSourcedId": "s"}, {**role, "orgSourcedId": "gone"}
    found = survey(newer([at_school, elsewhere], None, [], [at_school]), rejects)
    assert found.references["users", "roles.org"] == ReferenceCounts(True, 5, 2, 1)
    assert [(reject.sourced_id, reject.field, reject.refers_to) for reject in rejects] == [
        ("u-1", "roles.org", None),
        ("u-2", "roles.org", None),
        ("u-0", "roles.org", "gone"),
    ]
    assert field_of_items(pa.array([[{"a": 1}], None, []]), "a").to_pylist() == [[1], None, []]
    assert found.notes() == []
