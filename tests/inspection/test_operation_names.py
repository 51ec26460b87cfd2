"""Short names of read operations."""

import re

import pytest

from oneroster.inspection.short_operation_names import (
    UnknownReadError,
    find_operation,
    named_reads,
    of_profile,
    operations_by_short_name,
    path_parameters,
    read_operations,
    short_name,
)
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


def test_every_read_operation_is_found_by_its_short_name_and_by_its_operation_id() -> None:
    for operation in read_operations(SPECIFICATION):
        ids = len(path_parameters(operation))
        assert find_operation(SPECIFICATION, short_name(operation.operation_id), ids) is operation
        assert find_operation(SPECIFICATION, operation.operation_id, ids) is operation
    assert {operation for found in operations_by_short_name(SPECIFICATION).values() for operation in found} == set(
        read_operations(SPECIFICATION)
    )


@pytest.mark.parametrize(
    ("name", "ids", "operation_id"),
    [
        ("students", 0, "getAllStudents"),
        ("students", 1, "getStudent"),
        ("demographics", 0, "getAllDemographics"),
        ("demographics", 1, "getDemographics"),
        ("classes-for-school", 1, "getClassesForSchool"),
        ("results-for-line-item-for-class", 2, "getResultsForLineItemForClass"),
    ],
)
def test_the_number_of_ids_selects_the_operation(name: str, ids: int, operation_id: str) -> None:
    assert find_operation(SPECIFICATION, name, ids) is SPECIFICATION.operations[operation_id]


@pytest.mark.parametrize(
    ("name", "ids", "said"),
    [
        ("studens", 0, "did you mean students or student?"),
        ("xyz", 0, "--list shows all names"),
        ("student", 0, "wrong number of ids (0); usage: student ID"),
        ("users", 2, "usage: users or users ID"),
        ("putResult", 1, "unknown name"),
    ],
)
def test_an_unknown_name_is_refused_with_alternatives(name: str, ids: int, said: str) -> None:
    with pytest.raises(UnknownReadError, match=re.escape(said)):
        find_operation(SPECIFICATION, name, ids)


def test_a_dialect_has_its_own_paths_under_the_names_of_the_standard() -> None:
    kimono = of_profile(SPECIFICATION, "kimono")
    for ids, name in ((0, "getAllAcademicSessionsKimono"), (1, "getAcademicSessionKimono")):
        assert find_operation(kimono, "academic-sessions", ids).operation_id == name
        assert find_operation(kimono, name, ids).operation_id == name
    served = {each for each in SPECIFICATION.operations.values() if "kimono" in each.profiles and each.method == "GET"}
    assert set(read_operations(kimono)) == served
    assert {short for short, _ in named_reads(kimono)} == {
        short_name(each.stands_for or each.operation_id) for each in served
    }
    with pytest.raises(UnknownReadError, match="unknown name 'results'"):
        find_operation(kimono, "results", 0)
