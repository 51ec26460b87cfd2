"""Learning a dialect: under the overlay that was learnt, what was met is lawful, and only what is new is told."""

from pathlib import Path
from typing import Any

import pytest

from oneroster.contract.catalogue import select
from oneroster.contract.dialects.overlay import OverlayError, apply_overlay, dialect_specification
from oneroster.contract.http.credentials import BearerToken
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.learning.overlay_learner import (
    learn_overlay,
    undescribed,
    validated_overlay_path,
    write_overlay,
)
from oneroster.contract.learning.record_learner import RecordLearner
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.record_validation import violations
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check
from oneroster.standard import Standard
from tests.contract_kit.hostile import answer, says, serving
from tests.in_process import quick_sandbox

STANDARD = Standard.of("1.1")
SPECIFICATION = STANDARD.specification

SEVERAL = ("json-booleans", "us-dates", "path-named-wrapper", "list-as-string", "local-times")
CHILD = "Zaphodine"
USER: dict[str, Any] = {
    "sourcedId": "u-1",
    "status": "active",
    "dateLastModified": "2024-08-01T06:00:00.000Z",
    "username": f"{CHILD.lower()}.b",
    "enabledUser": "true",
    "givenName": CHILD,
    "familyName": "Beeble",
    "role": "student",
    "orgs": [{"href": "https://sis.example/orgs/o-1", "sourcedId": "o-1", "type": "org"}],
}


def learnt(*records: dict[str, Any], element: str = "User", profile: str = "standard") -> dict[str, Any]:
    """The overlay that some records give."""
    learner = RecordLearner(dialect_specification(profile, STANDARD))
    for record in records:
        learner.add(element, record)
    info = {"title": "T", "version": "1"}
    return {"overlay": "1.0.0", "info": info, "x-oneroster-profile": profile, "actions": learner.actions()}


@pytest.mark.series
@pytest.mark.parametrize(
    ("changes", "still_wrong"),
    [
        ({"username": ...}, {"familyName": ...}),
        ({"username": None}, {"familyName": None}),
        ({"orgs": []}, {"role": ...}),
        ({"phone": None}, {"sms": None}),
        ({"userIds": ""}, {"grades": ""}),
        ({"phone": 7}, {"phone": []}),
        ({"grades": "1"}, {"grades": 1}),
        ({"grades": [1]}, {"agents": [1]}),
        ({"dateLastModified": "yesterday"}, {"dateLastModified": 7}),
        ({"dateLastModified": ...}, {"status": ...}),
        ({"status": ..., "dateLastModified": ...}, {"sourcedId": ...}),
        ({"role": "pupil"}, {"role": "pupils"}),
        ({"role": "a pupil"}, {"role": 1}),
        ({"enabledUser": True}, {"enabledUser": "true"}),
        ({"enabledUser": 1}, {"enabledUser": "yes"}),
        ({"orgs": [{"sourcedId": "o-1"}]}, {"orgs": [{"type": "org"}]}),
        ({"orgs": [{"href": "", "sourcedId": "o-1", "type": "school"}]}, {"orgs": [{"type": "shop"}]}),
        ({"userIds": [{"type": "Fed"}]}, {"userIds": [{"identifier": "x"}]}),
    ],
)
def test_what_was_met_becomes_lawful_and_what_was_not_does_not(
    changes: dict[str, Any], still_wrong: dict[str, Any]
) -> None:
    def under(facts: Any, *layers: dict[str, Any]) -> list[str]:
        record = USER.copy()
        for layer in layers:
            record |= layer
        kept = {name: value for name, value in record.items() if value is not ...}
        return [breach.pointer for breach in violations("User", kept, facts)]

    assert under(dialect_specification("standard", STANDARD), changes)
    record = {name: value for name, value in (USER | changes).items() if value is not ...}
    facts = apply_overlay(learnt(record), "t", STANDARD)
    assert under(facts, changes) == []
    assert under(facts, still_wrong)


def test_what_an_element_inherits_is_learnt_for_that_element_alone() -> None:
    record = {name: value for name, value in USER.items() if name != "dateLastModified"}
    facts = apply_overlay(learnt(record), "t", STANDARD)
    assert not facts.elements["User"].properties["dateLastModified"].required
    assert facts.elements["Org"].properties["dateLastModified"].required


def test_booleans_of_both_sorts_are_learnt_as_either() -> None:
    facts = apply_overlay(learnt(USER, USER | {"enabledUser": False}), "t", STANDARD)
    assert facts.booleans == "either"


def test_nothing_strange_gives_nothing_to_learn() -> None:
    assert learnt(USER)["actions"] == []


@pytest.mark.parametrize("word", [CHILD, CHILD.lower(), f"{CHILD}s", "M. Beeble"])
def test_a_name_where_a_role_should_stand_is_not_learnt(word: str) -> None:
    overlay = learnt(USER | {"role": word})
    assert word not in str(overlay)
    assert not list(violations("User", USER | {"role": word}, apply_overlay(overlay, "t", STANDARD)))


def judged(overlay: str, *faults: str) -> tuple[set[tuple[str, str]], dict[str, Any]]:
    """What envelope and schema rules hold against the sandbox, and what is learnt from it."""
    overlays: list[dict[str, Any]] = []
    with quick_sandbox(faults=faults) as tenant:
        report = check(
            Target(tenant.base_url, access=BearerToken(tenant.token), overlay=overlay),
            rules=select(["envelope", "schema"]),
            plan=RunPlan(frozenset({"getAllUsers", "getAllStudents", "getAllAcademicSessions", "getAllResults"})),
            seed=1,
            inspect=lambda met: overlays.append(learn_overlay(met)),
        )
    assert not report.kit_errors()
    return {(each.id, each.message.split(" ")[0]) for each in report.violations(Level.SHOULD)}, overlays[0]


@pytest.mark.parametrize("form", ["learnt.yaml", "learnt.json"])
def test_an_overlay_is_written_in_both_forms(form: str, tmp_path: Path) -> None:
    path = tmp_path / form
    write_overlay(learnt(USER | {"role": "pupil"}), path)
    assert "pupil" in dialect_specification("", STANDARD, str(path)).enumerations["RoleType"]


def test_tomorrow_only_what_is_new_is_told(tmp_path: Path) -> None:
    path = tmp_path / "learnt.yaml"
    today, overlay = judged("", *SEVERAL)
    assert {name for name, _ in today} >= {"OR-ENV-01", "OR-SCH-02", "OR-SCH-04", "OR-SCH-05", "OR-SCH-06"}
    write_overlay(overlay, path)
    assert judged(str(path), *SEVERAL)[0] == set()
    tomorrow, more = judged(str(path), *SEVERAL, "number-as-string")
    assert tomorrow == {("OR-SCH-02", "score")}
    # What was learnt first stays learnt.
    write_overlay(more, path)
    assert judged(str(path), *SEVERAL, "number-as-string")[0] == set()


def test_what_is_not_served_and_undocumented_statuses_are_learnt() -> None:
    absent = says(answer(b'{"orgs": []}'), answer(b"", "404 Not Found"), answer(b'{"orgs": []}', "206 Partial Content"))
    with serving(absent) as server, Gateway(Target(server.base_url)) as gateway:
        tenant = ObservedTenant(gateway)
        for name in ("getAllOrgs", "getAllCourses", "getAllSchools"):
            tenant.ask(SPECIFICATION.operations[name])
        facts = apply_overlay(learn_overlay(tenant), "t", STANDARD)
    assert "getAllCourses" not in facts.operations
    assert 206 in facts.statuses(facts.operations["getAllSchools"])
    assert 206 not in facts.statuses(facts.operations["getAllOrgs"])


@pytest.mark.parametrize(
    ("body", "wrapper"),
    [
        (b'{"students": []}', "students"),
        (b'{"student": [], "statusInfoSet": []}', "student"),
        (b'{"students": [], "teachers": []}', "users"),
        (b'{"Zaphodine": []}', "users"),
        (b'{"students": {}}', "users"),
    ],
)
def test_a_wrapper_is_learnt_when_it_is_clear_and_a_word_of_the_document(body: bytes, wrapper: str) -> None:
    with serving(says(answer(body))) as server, Gateway(Target(server.base_url)) as gateway:
        tenant = ObservedTenant(gateway)
        tenant.ask(SPECIFICATION.operations["getAllStudents"])
        facts = apply_overlay(learn_overlay(tenant), "t", STANDARD)
    assert facts.operations["getAllStudents"].wrapper == wrapper
    assert facts.operations["getAllTeachers"].wrapper == "users"


def test_a_file_that_would_be_no_overlay_is_refused() -> None:
    assert validated_overlay_path("own.yaml") == Path("own.yaml")
    with pytest.raises(OverlayError, match="must end in"):
        validated_overlay_path("own.txt")


@pytest.mark.parametrize(
    ("body", "described"),
    [
        (b'{"data": [{"sourcedId": "o-1"}]}', True),
        (b'[{"sourcedId": "o-1"}]', False),
        (b'{"orgs": null}', False),
        (b'{"orgs": {"sourcedId": "o-1"}}', False),
        (b'{"data": {"orgs": [{"sourcedId": "o-1"}]}}', False),
    ],
)
def test_a7_an_envelope_is_written_down_or_said_to_be_impossible(body: bytes, described: bool) -> None:
    with serving(says(answer(body))) as server:
        target = Target(server.base_url, access=BearerToken("t"))
        with Gateway(target) as gateway:
            tenant = ObservedTenant(gateway)
            tenant.ask(SPECIFICATION.operations["getAllOrgs"])
            overlay = learn_overlay(tenant)
            said = undescribed(overlay, tenant)
    assert bool(said) is not described
    assert all("getAllOrgs" in each for each in said)


@pytest.mark.parametrize("sent", [{"user": "u-1"}, {"userSourcedId": "u-1"}])
def test_a14_references_of_another_shape_are_written_down(sent: dict[str, Any]) -> None:
    enrollment: dict[str, Any] = {
        **{name: USER[name] for name in ("sourcedId", "status", "dateLastModified", "role")},
        "class": {"href": "https://sis.example/classes/c-1", "sourcedId": "c-1", "type": "class"},
        "school": USER["orgs"][0],
        **sent,
    }
    assert list(violations("Enrollment", enrollment, dialect_specification("standard", STANDARD)))
    facts = apply_overlay(learnt(enrollment, element="Enrollment"), "standard", STANDARD)
    assert list(violations("Enrollment", enrollment, facts)) == []
