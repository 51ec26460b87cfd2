"""`Pages.arrow`: the walk of a collection as Arrow record batches."""

import re
import warnings

import pyarrow as pa
import pytest

from oneroster import ConfigurationError, OneRoster, PagingError
from oneroster.pages import WalkedPages
from oneroster.pull import RejectsWarning
from oneroster.pull.page_stream import page_stream
from oneroster.pull.roster.rejects import UNREADABLE, Rejects
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.pull.pulling import roster_of, tenant_and_store, truth

COLLECTIONS = {
    one.operation_id: one
    for one in Standard.of().specification.operations.values()
    if one.many and one.method == "GET" and "standard" in one.profiles
}


def test_every_collection_has_the_rows_of_its_typed_walk_in_their_order() -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        parents = some_parents(client)
        for operation in COLLECTIONS.values():
            read = getattr(client, re.sub("([A-Z])", r"_\1", operation.operation_id).lower())
            pages = read(*(parents[each.read] for each in (operation.scope.parents if operation.scope else ())))
            typed = [record.sourced_id for record in pages]
            assert pages.arrow().read_all().column("sourcedId").to_pylist() == typed, operation.operation_id


def some_parents(client: OneRoster) -> dict[str, str]:
    """Return the id of a parent by the operation that reads it: a class with a line item, and what belongs to it."""
    line_item, student = client.get_all_line_items().first(), client.get_all_students().first()
    teacher = client.get_all_teachers().first()
    assert line_item is not None
    assert student is not None
    assert teacher is not None
    found = client.get_class(line_item.class_.sourced_id)
    return {
        "getLineItem": line_item.sourced_id,
        "getClass": found.sourced_id,
        "getSchool": found.school.sourced_id,
        "getCourse": found.course.sourced_id,
        "getTerm": found.terms[0].sourced_id,
        "getStudent": student.sourced_id,
        "getUser": student.sourced_id,
        "getTeacher": teacher.sourced_id,
    }


def test_all_values_are_those_of_a_pull() -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        assert client.get_all_users(limit=7).arrow().read_all().to_pylist() == truth(tenant)["User"]
        teachers = client.get_all_users(filter="role='teacher'").arrow(columns=["role"]).read_all()
        assert set(teachers.column("role").to_pylist()) == {"teacher"}
        assert teachers.column_names == ["sourcedId", "role"]
        chosen = client.get_all_users(fields=["given_name"]).arrow(["givenName"]).read_all()
        assert None not in chosen.column("givenName").to_pylist()
        with pytest.raises(ConfigurationError, match="User has no column nickname"):
            client.get_all_users().arrow(columns=["nickname"])


def test_passwords_come_only_when_their_column_is_named() -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        users = client.get_all_users()
        assert isinstance(users, WalkedPages)
        assert "password" not in page_stream(users).schema.names
        assert "password" in client.get_all_users().arrow(columns=["password"]).schema.names


def test_a_lost_row_is_an_error_and_no_table() -> None:
    with Sandbox("small", 3, faults=["lost-row"]) as tenant, roster_of(tenant) as client:
        reader = client.get_all_users(limit=7).arrow()
        with pytest.raises(PagingError):
            reader.read_all()


def test_what_cannot_be_read_is_counted_or_collected() -> None:
    with tenant_and_store() as (tenant, store), roster_of(tenant) as client:
        sourced_id = truth(tenant)["Demographics"][0]["sourcedId"]
        record = store.read("Demographics", sourced_id)
        assert record is not None
        store.put("Demographics", {**record, "birthDate": "the day after"})
        with pytest.warns(RejectsWarning, match=r"getAllDemographics: 1 birthDate \(unreadable\)") as found:
            client.get_all_demographics().arrow().read_all()
        assert "the day after" not in str(found[0].message)
        rejects = Rejects()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = client.get_all_demographics().arrow(rejects=rejects).read_all()
        assert [(each.sourced_id, each.field, each.reason) for each in rejects] == [
            (sourced_id, "birthDate", UNREADABLE)
        ]
        assert table.filter(pa.compute.equal(table["sourcedId"], sourced_id))["birthDate"].to_pylist() == [None]
