"""Filters say what the grammar can say, and refuse the rest before anything is sent."""

import copy
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import F, Filter, FilterError, UnknownFieldError, modified_since
from oneroster.filters import render_filter
from oneroster.standard import Standard

OLDEST = datetime(1900, 1, 1)  # noqa: DTZ001 - Hypothesis wants it without a zone
NOON = datetime(2026, 5, 1, 12, 0, 0, 123999, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("built", "element", "expected"),
    [
        (F.role == "student", "User", "role='student'"),
        (F.status != "tobedeleted", "Org", "status!='tobedeleted'"),
        (F["familyName"].contains("berg"), "User", "familyName~'berg'"),
        (F.family_name.contains("berg"), "User", "familyName~'berg'"),
        (F.enabled_user == True, "User", "enabledUser='true'"),  # noqa: E712 - the builder's way to say it
        (F.begin_date >= date(2026, 8, 1), "Enrollment", "beginDate>='2026-08-01'"),
        (F.date_last_modified > NOON, "User", "dateLastModified>'2026-05-01T10:00:00.123Z'"),
        (F.date_last_modified < date(2026, 5, 1), "User", "dateLastModified<'2026-05-01T00:00:00.000Z'"),
        (F.score <= 4.5, "Result", "score<='4.5'"),
        (F.orgs.sourced_id == "S-1", "User", "orgs.sourcedId='S-1'"),
        (F.class_.sourced_id == "C-1", "Enrollment", "class.sourcedId='C-1'"),
        (F["class"].sourced_id == "C-1", "Enrollment", "class.sourcedId='C-1'"),
        (F.user_ids.identifier == "x", "User", "userIds.identifier='x'"),
        (F.metadata["x"] == 3, "Org", "metadata.x='3'"),
        (F.grades == ["03", "04"], "User", "grades='03,04'"),
        ((F.role == "student") & (F.status == "active"), "User", "role='student' AND status='active'"),
        ((F.role == "student") | (F.role == "teacher"), "User", "role='student' OR role='teacher'"),
        (modified_since(NOON), "User", "dateLastModified>='2026-05-01T10:00:00.123Z'"),
    ],
)
def test_a_filter_becomes_the_expression_of_the_standard(built: Filter, element: str, expected: str) -> None:
    assert built.render(element) == expected


@pytest.mark.parametrize(
    ("built", "element", "said"),
    [
        (F.role == "pupil", "User", "has the values"),
        (F.role == 3, "User", "a string, not with int"),
        (F.enabled_user == "true", "User", "True or False"),
        (F.score == "4", "Result", "a number"),
        (F.score == float("nan"), "Result", "a number"),
        (F.given_name == None, "User", "not with NoneType"),  # noqa: E711 - what must be refused
        (F.begin_date == NOON, "Enrollment", "a date, not with datetime"),
        (F.role > "a", "User", "no order"),
        (F.score.contains("4"), "Result", "not a text"),
        (F.orgs == "S-1", "User", "compare a field of it"),
        (F.given_name.sourced_id == "x", "User", "is not a record"),
        (F.score == 1, "User", "has no field 'score'"),
        (F.grades == [], "User", "empty list"),
        (F.grades == ["a,b"], "User", "commas"),
        (F.family_name == "O'Neill", "User", "single quote"),
        (F.date_last_modified > NOON.replace(tzinfo=None), "User", "no time zone"),
    ],
)
def test_what_the_grammar_or_the_document_cannot_say_is_refused(built: Filter, element: str, said: str) -> None:
    with pytest.raises(FilterError, match=said) as caught:
        built.render(element)
    assert "Neill" not in str(caught.value)


def test_what_is_no_filter_is_refused_without_its_value() -> None:
    given: Any = ["role='student'"]
    with pytest.raises(FilterError, match=r"A filter is a str or made of F, not list\."):
        render_filter(given, "User", Standard.of("1.1").specification)


def test_three_clauses_are_refused_when_they_are_joined() -> None:
    two = (F.role == "student") & (F.status == "active")
    with pytest.raises(FilterError, match="at most two clauses, this one has 3"):
        _ = two & (F.family_name == "x")


def test_and_or_and_chains_of_python_are_refused() -> None:
    with pytest.raises(FilterError, match="join clauses with & and"):
        _ = (F.role == "student") and (F.status == "active")
    with pytest.raises(FilterError, match="join clauses with & and"):
        _ = date(2026, 1, 1) < F.begin_date < date(2026, 2, 1)


def test_an_unknown_field_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownFieldError, match="Did you mean 'family_name'"):
        _ = F.familly_name
    assert not hasattr(F, "nothing_like_it")
    assert copy.copy(F) is not None


def test_no_value_shows_in_a_repr() -> None:
    assert repr((F.family_name == "Kid") & (F.role == "student")) == "<Filter family_name=… AND role=…>"


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]), min_value=OLDEST))
def test_an_instant_is_written_in_utc_and_never_later_than_given(when: datetime) -> None:
    text = modified_since(when).render("User").split("'")[1]
    read = datetime.fromisoformat(text)
    assert timedelta(0) <= when - read < timedelta(milliseconds=1)


@given(st.text().filter(lambda text: "'" not in text))
def test_a_value_without_a_quote_stands_in_the_expression_unchanged(value: str) -> None:
    assert (F.family_name == value).render("User") == f"familyName='{value}'"
