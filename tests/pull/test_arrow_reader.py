"""One collection as a stream of record batches."""

import pytest

from oneroster import ConfigurationError, Paging
from oneroster.pull import collection_reader
from oneroster.pull.roster.rejects import UNREADABLE, Rejects
from oneroster.sandbox import Sandbox
from tests.pull.pulling import roster_of, tenant_and_store, truth


def test_a_collection_is_read_as_a_stream_of_batches() -> None:
    with Sandbox("small", 3) as tenant, roster_of(tenant) as client:
        users = collection_reader(client, "users", paging=Paging(limit=7, windows=2))
        assert users.read_all().to_pylist() == truth(tenant)["User"]
        teachers = collection_reader(client, "users", filter="role='teacher'", columns=["role"]).read_all()
        assert set(teachers.column("role").to_pylist()) == {"teacher"}
        assert teachers.column_names == ["sourcedId", "role"]
        with pytest.raises(ConfigurationError):
            collection_reader(client, "pupils")


def test_fields_that_cannot_be_read_are_collected() -> None:
    rejects = Rejects()
    with tenant_and_store() as (tenant, store), roster_of(tenant) as client:
        sourced_id = truth(tenant)["Demographics"][0]["sourcedId"]
        record = store.read("Demographics", sourced_id)
        assert record is not None
        store.put("Demographics", {**record, "birthDate": "the day after"})
        collection_reader(client, "demographics", rejects=rejects).read_all()
    assert [(reject.sourced_id, reject.field, reject.reason) for reject in rejects] == [
        (sourced_id, "birthDate", UNREADABLE)
    ]
