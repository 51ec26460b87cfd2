"""Query parameters are parsed strictly, and every problem is reported."""

from collections.abc import Iterator

import pytest

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.requests.operation_request import all_records, element_of
from oneroster.sandbox.requests.query_parameters import NO_PARAMETERS, ParsedQuery, parse_query, parse_query_string
from oneroster.sandbox.store.store import Store

OPERATION = "getAllUsers"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(Size(40), 1, cache=None) as opened:
        yield opened


def parsed(store: Store, query: bytes) -> ParsedQuery:
    specification = store.specification
    operation = specification.operations[OPERATION]
    element = specification.elements[element_of(operation, specification)]
    return parse_query(parse_query_string(query), operation, element, store)


def test_without_parameters_the_defaults_apply(store: Store) -> None:
    assert parsed(store, b"") == ParsedQuery(NO_PARAMETERS, ())
    assert all_records("User").select(store).total == 40


def test_valid_parameters_are_parsed(store: Store) -> None:
    query, problems = parsed(store, b"limit=7&offset=3&sort=familyName&orderBy=desc&fields=role,sourcedId&unknown=1")
    assert not problems
    assert (query.limit, query.offset, query.sort) == (7, 3, ("familyName", True))
    assert query.fields == {"role", "sourcedId"}


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        (b"limit=0", [400]),
        (b"offset=-1", [400]),
        (b"limit=1&limit=2", [400]),
        (b"orderBy=up", [400]),
        (b"sort=none", [200]),
        (b"fields=none", [200]),
        (b"fields=", [400]),
        (b"filter=none%3D%27x%27", [400]),
        (b"filter=%zz&limit=x", [400, 400]),
    ],
)
def test_every_problem_is_reported(store: Store, query: bytes, statuses: list[int]) -> None:
    assert [problem.status for problem in parsed(store, query).problems] == statuses
