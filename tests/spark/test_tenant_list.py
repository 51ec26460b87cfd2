"""The tenants of a pull: named by a file or a table, with references to secrets and never a secret."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from oneroster.errors import ConfigurationError
from oneroster.pull import Tenant
from oneroster.spark import tenants
from oneroster.spark.tenant_list import hosts_of

URL = "https://sis.example/ims/oneroster/v1p1"
ROWS: list[dict[str, Any]] = [
    {"tenant": "north-1", "base_url": URL, "time_zone": None},
    {"tenant": "south", "base_url": "https://Other.example:8443/ims/oneroster/v1p1", "time_zone": "America/Chicago"},
]


def vault(name: str) -> Mapping[str, Any]:
    return {"token": f"secret of {name}"}


def test_a_file_names_its_tenants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "oneroster.toml").write_text(f'[tenants.north]\nbase_url = "{URL}"\ntoken = {{ env = "T" }}\n')
    monkeypatch.chdir(tmp_path)
    (tenant,) = tenants("oneroster.toml")
    assert (tenant.name, tenant.config) == ("north", tmp_path / "oneroster.toml")
    assert hosts_of([tenant]) == {"north": "sis.example"}
    with pytest.raises(ConfigurationError, match="leave out"):
        tenants("oneroster.toml", resolve=vault)


def test_a_table_has_references_to_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tenants(ROWS, token={"env": "TOKEN_{TENANT}"}, ca_file={"env": "CA"})
    assert [tenant.name for tenant in found] == ["north-1", "south"]
    assert (found[0].values or {})["token"] == {"env": "TOKEN_NORTH_1"}
    assert "time_zone" not in (found[0].values or {})
    assert hosts_of(found) == {"north-1": "sis.example", "south": "other.example:8443"}
    (by_file,) = tenants(ROWS[1:], token={"file": "/run/secrets/{tenant}"})
    assert (by_file.values or {})["token"] == {"file": "/run/secrets/south"}
    monkeypatch.setenv("TOKEN_NORTH_1", "of-north")
    with tenants(ROWS[:1], token={"env": "TOKEN_{TENANT}"})[0].open() as client:
        assert client.session.settings.token == "of-north"


def test_a_vault_adds_to_the_table_where_the_tenant_is_opened() -> None:
    (tenant, _) = found = tenants(ROWS, resolve=vault)
    stored = pickle.dumps(tenant)
    assert b"secret of" not in stored
    assert "secret of" not in repr(tenant)
    with pickle.loads(stored).open() as client:  # noqa: S301  # pickled above
        assert client.session.settings.token == "secret of north-1"
    assert hosts_of(found)["north-1"] == "sis.example"


class Frame:
    """What `tenants` uses of a DataFrame."""

    class Row:
        def asDict(self) -> dict[str, Any]:  # noqa: N802  # as Spark calls it
            return ROWS[0]

    def collect(self) -> list["Frame.Row"]:
        return [Frame.Row()]


def test_a_frame_is_collected() -> None:
    assert [tenant.name for tenant in tenants(Frame(), token={"env": "T"})] == ["north-1"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"tenant": "a", "base_url": URL, "token": "s3cret"}, "column token.*must not hold secrets"),
        ({"tenant": "a", "base_url": URL, "client_secret": None}, "column client_secret"),
        ({"tenant": "a", "base_ulr": URL}, "unknown settings base_ulr"),
        ({"base_url": URL}, "file name"),
        ({"tenant": "../a", "base_url": URL}, "file name"),
    ],
)
def test_what_a_table_must_not_hold(row: dict[str, Any], words: str) -> None:
    for given in ({"resolve": vault}, {}):
        with pytest.raises(ConfigurationError, match=words) as caught:
            tenants([row], **given)  # type: ignore[arg-type]  # either kind
        assert "s3cret" not in str(caught.value)


def test_a_tenant_is_in_one_row() -> None:
    with pytest.raises(ConfigurationError, match="several rows: north-1"):
        tenants([ROWS[0], ROWS[0]], token={"env": "T"})
    with pytest.raises(ConfigurationError, match="either"):
        tenants(ROWS, resolve=vault, token={"env": "T"})


def test_a_host_that_only_a_vault_knows_cannot_be_told() -> None:
    with pytest.raises(ConfigurationError, match="host_rate needs base_url"):
        hosts_of([Tenant("a", resolve=vault)])
