"""The statistics of a roster, without the command line."""

from oneroster.inspection.statistics import CollectionCounts, OrphanedRecords, SchoolStatistics, compute_statistics
from tests.pull.formats.rosters import CLASS, COURSE, ENROLLMENT, TERM, roster, school, student, table


def test_active_records_are_counted_by_school_role_and_grade() -> None:
    made = roster(
        table("Org", school(name="North")),
        table("User", student("u", grades=["01"]), student("t", role="teacher"), student("x", status="tobedeleted")),
        table("Class", CLASS),
        table("Enrollment", ENROLLMENT),
    )
    found = compute_statistics(made, 0)
    assert CollectionCounts("users", 2, 1) in found.collections
    assert found.roles == {"student": 1, "teacher": 1}
    assert found.enrollments == {"student": 1}
    assert found.grades == {"01": 1}
    assert found.schools == [SchoolStatistics("s", "North", 1, 1, 1, 1)]
    assert found.orphans == []


def test_references_to_missing_and_deleted_records_are_listed_up_to_the_limit() -> None:
    made = roster(
        table("Org", school(status="tobedeleted")),
        table("AcademicSession", TERM),
        table("Course", COURSE | {"orgSourcedId": "nowhere"}, COURSE | {"sourcedId": "co2"}),
        table("User", *(student(f"u{index}", agentSourcedIds=["nobody"], orgSourcedIds=[]) for index in range(3))),
    )
    assert compute_statistics(made, 2).orphans == [
        OrphanedRecords("courses", "orgSourcedId refers to a missing record", 1, ["co"]),
        OrphanedRecords("courses", "orgSourcedId refers to a deleted record", 1, ["co2"]),
        OrphanedRecords("users", "agentSourcedIds refers to a missing record", 3, ["u0", "u1"]),
    ]


def test_an_empty_roster_has_no_statistics() -> None:
    assert not any(compute_statistics(roster(), 0))
