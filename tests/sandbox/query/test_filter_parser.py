"""The grammar of filters (OneRoster 1.1, clause 3.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster.sandbox.query.filter_parser import FilterSyntaxError, ParsedClause, ParsedFilter, parse_filter
from oneroster.sandbox.query.timestamps import parse_timestamp
from oneroster.standard import Standard
from oneroster_runtime.specification import Element
from oneroster_v1p1 import specification

ELEMENTS = specification().elements

SPECIFICATION = Standard.of().specification

USER, RESULT, ENROLLMENT = ELEMENTS["User"], ELEMENTS["Result"], ELEMENTS["Enrollment"]


def only(filter_: ParsedFilter) -> ParsedClause:
    (clause,) = filter_.clauses
    return clause


@pytest.mark.parametrize("operator", ["=", "!=", ">", ">=", "<", "<=", "~"])
def test_each_of_the_seven_operators(operator: str) -> None:
    clause = only(parse_filter(f"familyName{operator}'Sample'", USER, SPECIFICATION))
    assert (clause.field.property, clause.operator, clause.text) == ("familyName", operator, "Sample")


@pytest.mark.parametrize(("word", "either"), [("AND", False), ("OR", True)])
def test_two_clauses_are_joined_by_one_word(word: str, either: bool) -> None:
    parsed = parse_filter(f"role='student' {word} status!='active'", USER, SPECIFICATION)
    assert [clause.field.property for clause in parsed.clauses] == ["role", "status"]
    assert parsed.either is either


@pytest.mark.parametrize(
    ("name", "property_", "member", "many"),
    [
        ("orgs.sourcedId", "orgs", "sourcedId", True),
        ("orgs.type", "orgs", "type", True),
        ("userIds.identifier", "userIds", "identifier", True),
        ("metadata.x", "metadata", "x", False),
        ("metadata.vendor.key", "metadata", "vendor.key", False),
        ("grades", "grades", None, True),
    ],
)
def test_dotted_names_lead_into_references_ids_and_metadata(
    name: str, property_: str, member: str | None, many: bool
) -> None:
    field = only(parse_filter(f"{name}='x'", USER, SPECIFICATION)).field
    assert (field.property, field.member, field.many) == (property_, member, many)


@pytest.mark.parametrize(
    "name",
    ["colour", "FamilyName", "orgs", "metadata", "userIds", "orgs.href", "orgs.name", "familyName.x", "orgs.type.x"],
)
def test_an_unknown_field_is_named(name: str) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(f"status='active' AND {name}='x'", USER, SPECIFICATION)
    assert caught.value.unknown_field
    assert caught.value.field == name


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "familyName",
        "familyName=",
        "familyName=Sample",
        "familyName='Sample",
        "familyName ='Sample'",
        "familyName= 'Sample'",
        "familyName=='Sample'",
        "familyName='O'Sample'",
        "='Sample'",
        "familyName='a' and role='b'",
        "familyName='a'  AND role='b'",
        "familyName='a' AND  role='b'",
        "familyName='a' AND",
        "familyName='a' AND role='b' OR status='c'",
        "(familyName='a')",
        " familyName='a'",
        "familyName='a' ",
        "familyName='a'\nAND role='b'",
        ".familyName='a'",
        "orgs..sourcedId='a'",
    ],
)
def test_what_is_not_of_the_grammar_is_refused(expression: str) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(expression, USER, SPECIFICATION)
    assert not caught.value.unknown_field


@pytest.mark.parametrize(
    ("expression", "element"),
    [
        ("beginDate>'abc'", ENROLLMENT),
        ("beginDate>'2025-02-30'", ENROLLMENT),
        ("beginDate>'20250801'", ENROLLMENT),
        ("beginDate=''", ENROLLMENT),
        ("dateLastModified>'yesterday'", USER),
        ("dateLastModified>'2025-08-01T25:00:00Z'", USER),
        ("dateLastModified>'2025-08-01T10:00:00 02:00'", USER),
        ("score='many'", RESULT),
        ("score='nan'", RESULT),
        ("score='1_0'", RESULT),
        ("score='٣'", RESULT),
    ],
)
def test_a_value_of_another_type_is_invalid_data_and_not_repeated(expression: str, element: Element) -> None:
    with pytest.raises(FilterSyntaxError, match="invalid data") as caught:
        parse_filter(expression, element, SPECIFICATION)
    value = expression.partition("'")[2].rstrip("'")
    assert caught.value.field == expression.partition("e'")[0].split(">")[0].split("=")[0]
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2025-08-01", "2025-08-01T00:00:00Z"),
        ("2025-08-01T12:00:00+02:00", "2025-08-01T10:00:00.000Z"),
        ("2025-08-01T10:00", "2025-08-01T10:00:00Z"),
        ("2025-08-01T10:00:00.5Z", "2025-08-01T10:00:00.500000Z"),
    ],
)
def test_date_times_are_instants(text: str, same: str) -> None:
    literal = only(parse_filter(f"dateLastModified='{text}'", USER, SPECIFICATION)).literal
    assert literal == parse_timestamp(same)


def test_contains_looks_at_text_whatever_the_field() -> None:
    assert only(parse_filter("dateLastModified~'2025-08'", USER, SPECIFICATION)).literal == "2025-08"
    assert only(parse_filter("score~'7.'", RESULT, SPECIFICATION)).literal == "7."


@given(expression=st.text(alphabet=st.sampled_from("aA.='~<>! NDOR1é%_\\\n\"-:"), max_size=30) | st.text(max_size=20))
def test_any_text_is_a_filter_or_a_filter_error(expression: str) -> None:
    try:
        clauses = parse_filter(expression, USER, SPECIFICATION).clauses
    except FilterSyntaxError:
        return
    assert 1 <= len(clauses) <= 2
    assert all(expression.count(clause.text) for clause in clauses)


@given(value=st.text(max_size=20).filter(lambda text: "'" not in text))
def test_a_value_is_taken_as_it_stands(value: str) -> None:
    assert only(parse_filter(f"familyName='{value}'", USER, SPECIFICATION)).text == value
