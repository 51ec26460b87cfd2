"""The laws of a district, for several seeds and sizes."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from oneroster.sandbox.district.size import Size
from oneroster.sandbox.query.timestamps import parse_timestamp
from oneroster_runtime.specification import Property, Subset
from oneroster_v1p1 import document, specification
from tests.sandbox.districts import Record, by_id, district, records

ELEMENTS = specification().elements
ENUMERATIONS = specification().enumerations
OPERATIONS = specification().operations

CASES = [(40, 0), (41, 1), (41, 2), (150, 3), (1_501, 4)]

pytestmark = pytest.mark.parametrize(("users", "seed"), CASES)


def references(record: Record, known: Property) -> list[Record]:
    value = record.get(known.name)
    return [] if value is None else value if isinstance(value, list) else [value]


@cache
def validator(element: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{element}", "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def with_hrefs(element: str, record: Record) -> Record:
    """As a server would send it: with addresses, which the district leaves to it."""
    complete = msgspec.json.decode(msgspec.json.encode(record))
    for known in ELEMENTS[element].properties.values():
        if known.refers_to:
            for reference in references(complete, known):
                reference["href"] = f"https://tenant.example/{known.refers_to}"
    return dict(complete)


def test_the_same_size_and_seed_give_the_same_bytes(users: int, seed: int) -> None:
    once, again, other = (
        sha256(msgspec.json.encode(list(records(Size(users), a_seed)))).hexdigest() for a_seed in (seed, seed, seed + 1)
    )
    assert once == again != other


def test_the_number_of_users_is_the_size(users: int, seed: int) -> None:
    assert len(district(users, seed)["User"]) == users


def test_every_record_is_valid_by_the_document(users: int, seed: int) -> None:
    for element, rows in district(users, seed).items():
        for row in rows:
            validator(element).validate(with_hrefs(element, row))


def test_ids_are_unique_and_not_the_default_order(users: int, seed: int) -> None:
    for element, rows in district(users, seed).items():
        ids = [row["sourcedId"] for row in rows]
        assert len(set(ids)) == len(ids), element
        assert ids != sorted(ids), element
        assert ids != sorted(ids, reverse=True), element


def test_every_reference_leads_to_a_record_of_the_right_kind(users: int, seed: int) -> None:
    ids = {element: by_id(rows).keys() for element, rows in district(users, seed).items()}
    for element, rows in district(users, seed).items():
        for known in ELEMENTS[element].properties.values():
            if known.refers_to is None:
                continue
            for reference in (reference for row in rows for reference in references(row, known)):
                assert reference["sourcedId"] in ids[known.refers_to], (element, known.name)
                assert reference["type"] in known.reference_types, (element, known.name)


def test_a_reference_typed_by_a_role_leads_to_a_user_of_that_role(users: int, seed: int) -> None:
    roles = {user["sourcedId"]: user["role"] for user in district(users, seed)["User"]}
    seen = Counter[str]()
    for element, name in (("Enrollment", "user"), ("Result", "student")):
        for row in district(users, seed)[element]:
            seen[row[name]["type"]] += 1
            assert row[name]["type"] in {"user", roles[row[name]["sourcedId"]]}
    assert seen.keys() == {"user", "student", "teacher"}


def sessions_of(class_: Record, sessions: dict[str, Record]) -> list[Record]:
    return [sessions[reference["sourcedId"]] for reference in class_["terms"]]


def days(record: Record) -> tuple[date, date]:
    return date.fromisoformat(record["startDate"]), date.fromisoformat(record["endDate"])


def test_sessions_lie_within_their_parents_and_know_each_other(users: int, seed: int) -> None:
    sessions = by_id(district(users, seed)["AcademicSession"])
    levels = ("schoolYear", "semester", "term", "gradingPeriod")
    for session in sessions.values():
        start, end = days(session)
        assert start < end
        for child in session.get("children", ()):
            below = sessions[child["sourcedId"]]
            assert below["parent"]["sourcedId"] == session["sourcedId"]
            assert start <= days(below)[0] < days(below)[1] <= end
            assert below["schoolYear"] == session["schoolYear"]
            assert levels.index(below["type"]) > levels.index(session["type"])
        if "parent" in session:
            siblings = sessions[session["parent"]["sourcedId"]]["children"]
            assert session["sourcedId"] in {sibling["sourcedId"] for sibling in siblings}
        if session["type"] == "schoolYear":
            assert str(end.year) == session["schoolYear"]
            assert "parent" not in session


def test_orgs_form_one_tree_known_from_both_ends(users: int, seed: int) -> None:
    orgs = by_id(district(users, seed)["Org"])
    assert [org["type"] for org in orgs.values() if "parent" not in org] == ["national"]
    for org in orgs.values():
        for child in org.get("children", ()):
            assert orgs[child["sourcedId"]]["parent"]["sourcedId"] == org["sourcedId"]
    listed = Counter(child["sourcedId"] for org in orgs.values() for child in org.get("children", ()))
    assert listed == Counter(org for org, record in orgs.items() if "parent" in record)


def test_enrollments_lie_within_the_sessions_of_their_class_and_at_its_school(users: int, seed: int) -> None:
    sessions, classes = by_id(district(users, seed)["AcademicSession"]), by_id(district(users, seed)["Class"])
    schools = {org["sourcedId"] for org in district(users, seed)["Org"] if org["type"] == "school"}
    people, roles = by_id(district(users, seed)["User"]), ENUMERATIONS["EnrollmentRole"]
    for enrollment in district(users, seed)["Enrollment"]:
        class_ = classes[enrollment["class"]["sourcedId"]]
        spans = [days(session) for session in sessions_of(class_, sessions)]
        if "beginDate" in enrollment:
            begin, end = date.fromisoformat(enrollment["beginDate"]), date.fromisoformat(enrollment["endDate"])
            assert min(start for start, _ in spans) <= begin < end <= max(end for _, end in spans)
        assert enrollment["school"] == class_["school"]
        assert enrollment["school"]["sourcedId"] in schools
        role = people[enrollment["user"]["sourcedId"]]["role"]
        assert (role, enrollment["role"]) in {("teacher", "proctor"), *((one, one) for one in roles)}


def test_every_class_has_one_primary_teacher_and_only_teachers_are_asked(users: int, seed: int) -> None:
    primary = Counter(
        enrollment["class"]["sourcedId"]
        for enrollment in district(users, seed)["Enrollment"]
        if enrollment.get("primary") == "true"
    )
    assert primary == Counter(class_["sourcedId"] for class_ in district(users, seed)["Class"])
    asked = {enrollment["role"] for enrollment in district(users, seed)["Enrollment"] if "primary" in enrollment}
    assert asked == {"teacher"}


def test_nobody_sits_twice_in_a_class(users: int, seed: int) -> None:
    seats = Counter(
        (one["user"]["sourcedId"], one["class"]["sourcedId"]) for one in district(users, seed)["Enrollment"]
    )
    assert set(seats.values()) == {1}


def test_students_are_enrolled_where_they_belong(users: int, seed: int) -> None:
    orgs = {user["sourcedId"]: {org["sourcedId"] for org in user["orgs"]} for user in district(users, seed)["User"]}
    for enrollment in district(users, seed)["Enrollment"]:
        if enrollment["role"] in {"student", "teacher"}:
            assert enrollment["school"]["sourcedId"] in orgs[enrollment["user"]["sourcedId"]]


def test_agents_know_each_other_and_are_children_and_carers(users: int, seed: int) -> None:
    people = by_id(district(users, seed)["User"])
    for user in people.values():
        for agent in user.get("agents", ()):
            other = people[agent["sourcedId"]]
            assert user["sourcedId"] in {back["sourcedId"] for back in other["agents"]}
            assert (user["role"] == "student") != (other["role"] == "student")
            assert {user["role"], other["role"]} - {"student"} <= {"parent", "guardian", "relative"}


def test_demographics_are_those_of_the_students(users: int, seed: int) -> None:
    students = [user["sourcedId"] for user in district(users, seed)["User"] if user["role"] == "student"]
    assert sorted(row["sourcedId"] for row in district(users, seed)["Demographics"]) == sorted(students)


def test_results_are_of_students_of_the_class_and_dates_are_in_order(users: int, seed: int) -> None:
    items, sessions = by_id(district(users, seed)["LineItem"]), by_id(district(users, seed)["AcademicSession"])
    sitting = {
        (one["user"]["sourcedId"], one["class"]["sourcedId"])
        for one in district(users, seed)["Enrollment"]
        if one["role"] == "student"
    }
    for item in items.values():
        start, end = days(sessions[item["gradingPeriod"]["sourcedId"]])
        assert sessions[item["gradingPeriod"]["sourcedId"]]["type"] == "gradingPeriod"
        assert start <= date.fromisoformat(item["assignDate"][:10]) <= date.fromisoformat(item["dueDate"][:10]) < end
        assert parse_timestamp(item["assignDate"]) < parse_timestamp(item["dueDate"])
        assert item["resultValueMin"] < item["resultValueMax"]
    for result in district(users, seed)["Result"]:
        item = items[result["lineItem"]["sourcedId"]]
        assert (result["student"]["sourcedId"], item["class"]["sourcedId"]) in sitting
        assert item["assignDate"][:10] <= result["scoreDate"]
        assert result["score"] >= item["resultValueMin"]


def test_subject_codes_stand_beside_the_subjects(users: int, seed: int) -> None:
    for element in ("Class", "Course"):
        for row in district(users, seed)[element]:
            assert len(row.get("subjects", ())) == len(row.get("subjectCodes", ()))


def specialised() -> Iterator[tuple[str, Subset]]:
    for operation in OPERATIONS.values():
        if operation.many and operation.subset and operation.scope is None and operation.element:
            yield operation.element, operation.subset


def test_every_collection_has_rows(users: int, seed: int) -> None:
    rows = district(users, seed)
    assert set(rows) == {name for name, element in ELEMENTS.items() if element.collection}
    assert all(len(found) >= 3 for found in rows.values())
    for element, subset in specialised():
        ids = [row["sourcedId"] for row in rows[element] if row[subset.property] in subset.values]
        assert len(ids) >= 3, subset
        assert ids != sorted(ids), subset


def test_every_value_of_every_enumeration_occurs(users: int, seed: int) -> None:
    for element, rows in district(users, seed).items():
        for known in ELEMENTS[element].properties.values():
            if known.kind == "enumeration" and known.enumeration:
                assert {row[known.name] for row in rows if known.name in row} == set(ENUMERATIONS[known.enumeration])


def test_every_optional_property_is_there_for_some_and_absent_for_others(users: int, seed: int) -> None:
    for element, rows in district(users, seed).items():
        for known in ELEMENTS[element].properties.values():
            if known.required or known.name == "metadata" or (known.profiles and "standard" not in known.profiles):
                continue
            having = sum(known.name in row for row in rows)
            assert 0 < having < len(rows), (element, known.name)


def all_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from all_texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from all_texts(entry)


def test_nothing_is_null_or_an_empty_list(users: int, seed: int) -> None:
    for rows in district(users, seed).values():
        for row in rows:
            assert all(value not in (None, [], {}, "") for value in row.values())


def test_awkward_but_legal_ids_occur_and_can_be_filtered_by(users: int, seed: int) -> None:
    for element in ("Org", "Class", "User", "AcademicSession", "Course", "Enrollment", "LineItem", "Result"):
        ids = "".join(row["sourcedId"] for row in district(users, seed)[element])
        assert set("/| +%") <= set(ids), element
        assert not set("',\"") & set(ids), element
    every_id = [row["sourcedId"] for rows in district(users, seed).values() for row in rows]
    assert any("/../" in sourced_id for sourced_id in every_id)
    assert not {".", ".."} & set(every_id)  # no URL could name these


def test_awkward_but_legal_texts_occur(users: int, seed: int) -> None:
    texts = {text for rows in district(users, seed).values() for row in rows for text in all_texts(row)}
    assert any(len(text) > 300 for text in texts)
    assert any(not text.isascii() for text in texts)
    families = Counter(user["familyName"] for user in district(users, seed)["User"])
    assert families.most_common(1)[0][1] >= 3
    alphabets = {unicodedata.name(letter).split()[0] for name in families for letter in name if letter.isalpha()}
    assert len(alphabets) >= 3


def test_awkward_but_legal_times_of_change_occur(users: int, seed: int) -> None:
    for element in ("User", "Enrollment", "Result"):
        spellings: dict[int, set[str]] = defaultdict(set)
        stamps = [row["dateLastModified"] for row in district(users, seed)[element]]
        for stamp in stamps:
            spellings[parse_timestamp(stamp)].add(stamp)
        assert len(spellings) < len(stamps)
        assert any(moment % 1_000_000 for moment in spellings)
    assert any(len(ways) > 1 for ways in spellings.values())


def test_deleted_records_occur_everywhere(users: int, seed: int) -> None:
    for rows in district(users, seed).values():
        assert Counter(row["status"] for row in rows).keys() == set(ENUMERATIONS["StatusType"])


def test_awkward_but_legal_relations_occur(users: int, seed: int) -> None:
    rows = district(users, seed)
    sitting = {one["class"]["sourcedId"] for one in rows["Enrollment"] if one["role"] == "student"}
    schools = {org["sourcedId"] for org in rows["Org"] if org["type"] == "school"}
    assert schools - {class_["school"]["sourcedId"] for class_ in rows["Class"]}, "a school without classes"
    assert {class_["sourcedId"] for class_ in rows["Class"]} - sitting, "a class without students"
    assert any(len(class_["terms"]) > 1 for class_ in rows["Class"]), "a class over several terms"
    assert any(len(user["orgs"]) > 1 for user in rows["User"] if user["role"] == "student"), "a student of two schools"
    assert any(len(user.get("userIds", ())) > 1 for user in rows["User"]), "a user with two userIds"
    most = {item["sourcedId"]: item["resultValueMax"] for item in rows["LineItem"]}
    assert any(result["score"] > most[result["lineItem"]["sourcedId"]] for result in rows["Result"]), "extra credit"
    roles = {user["sourcedId"]: user["role"] for user in rows["User"]}
    watching = [one for one in rows["Enrollment"] if roles[one["user"]["sourcedId"]] != one["role"]]
    assert watching, "a teacher who is a proctor of another class"
    assert all("." in key for user in rows["User"] for key in user.get("metadata", ())), "vendor-prefixed keys"
