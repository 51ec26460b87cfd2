"""The mapping to OneRoster 1.1, entity by entity; `test_generator` validates the records of whole districts."""

from datetime import date

import pytest

from oneroster.sandbox.district.entity_types import Entity, GradeCategory, Period
from oneroster.sandbox.district.mapping import source_of
from oneroster.sandbox.district.mapping_v1p1 import map_entity

CHANGED = "2025-08-11T02:00:00Z"


def test_an_entity_becomes_a_record_without_empty_values() -> None:
    session = Period(
        sourced_id="s1",
        last_modified=CHANGED,
        deleted=True,
        kind="term",
        title="T 1",
        year=2026,
        start=date(2025, 8, 18),
        end=date(2025, 12, 1),
    )
    assert list(map_entity(session)) == [
        (
            "AcademicSession",
            {
                "sourcedId": "s1",
                "status": "tobedeleted",
                "dateLastModified": CHANGED,
                "title": "T 1",
                "startDate": "2025-08-18",
                "endDate": "2025-12-01",
                "type": "term",
                "schoolYear": "2026",
            },
        )
    ]
    ((element, record),) = map_entity(GradeCategory(sourced_id="c1", last_modified=CHANGED, title="Quiz"))
    assert (element, record["status"]) == ("Category", "active")


def test_an_unknown_entity_is_an_error() -> None:
    with pytest.raises(TypeError, match="has no element for Entity"):
        map_entity(Entity(sourced_id="x"))


def test_the_source_of_a_mapping_is_its_module() -> None:
    assert b"def map_entity" in source_of(map_entity)
