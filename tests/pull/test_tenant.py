"""A tenant as a value."""

import pickle
from collections.abc import Mapping

import pytest

from oneroster import ConfigurationError
from oneroster.pull import Tenant

URL = "https://sis.example/ims/oneroster/v1p1"


def vault(name: str) -> Mapping[str, str]:
    return {"base_url": f"{URL}/{name}", "token": "from the vault"}


def test_settings_are_read_where_the_tenant_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"base_url": URL, "token": {"env": "A_TOKEN"}, "headers": {"x-key": {"env": "A_KEY"}}}
    tenant = pickle.loads(pickle.dumps(Tenant("one", values=values)))  # noqa: S301  # our own
    with pytest.raises(ConfigurationError, match="A_TOKEN"):
        tenant.open()
    monkeypatch.setenv("A_TOKEN", "t0ken")
    monkeypatch.setenv("A_KEY", "k3y")
    with tenant.open() as client:
        assert client.session.settings.token == "t0ken"
        assert dict(client.session.settings.headers) == {"x-key": "k3y"}
    assert "t0ken" not in repr(tenant)


def test_a_function_is_called_where_the_tenant_is_opened() -> None:
    tenant = pickle.loads(pickle.dumps(Tenant("two", resolve=vault)))  # noqa: S301  # our own
    with tenant.open() as client:
        assert client.session.settings[:1] == (f"{URL}/two",)
    assert b"from the vault" not in pickle.dumps(tenant)


@pytest.mark.parametrize(
    "given", [{}, {"config": "a", "resolve": vault}, {"values": {"colour": "blue"}}], ids=["none", "two", "unknown"]
)
def test_what_is_no_tenant_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="Tenant 'one'"):
        Tenant("one", **given)  # type: ignore[arg-type]  # what is refused


def test_a_secret_must_not_be_a_value() -> None:
    with pytest.raises(ConfigurationError, match="secret must not be"):
        Tenant("one", values={"base_url": URL, "token": "t0ken"}).open()
