"""Settings that name a tenant, from options and the environment, never mixed and never leaking."""

import pytest

from oneroster.contract.http.budget import default_rate
from oneroster.contract.http.credentials import BearerToken, NoCredentials, OAuth1Credentials, OAuth2Credentials
from oneroster.contract.http.target import Target, TargetError, required_scopes
from oneroster.standard import Standard

STANDARD = Standard.of("1.1")


URL = "https://sis.example/ims/oneroster/v1p1"


def target(environment: dict[str, str] | None = None, **given: str) -> Target:
    found = Target.from_settings({"base_url": URL, **given}, environment or {})
    assert found is not None
    return found


def test_without_an_address_there_is_no_target() -> None:
    assert Target.from_settings({"token": "t"}, {}) is None


def test_the_environment_fills_what_is_not_given() -> None:
    found = Target.from_settings({}, {"ONEROSTER_BASE_URL": URL + "/", "ONEROSTER_TOKEN": "t"})
    assert found == Target(URL, "standard", BearerToken("t"))


def test_the_way_in_follows_from_what_is_given() -> None:
    assert isinstance(target().access, NoCredentials)
    assert target(token="t").access == BearerToken("t")
    assert target(client_id="me", client_secret="s").access == OAuth1Credentials("me", "s")
    access = target(client_id="me", client_secret="s", token_url="https://sis.example/token").access
    assert isinstance(access, OAuth2Credentials)
    assert access.scopes == required_scopes(STANDARD.specification)
    assert all("readonly" in scope for scope in required_scopes(STANDARD.specification))


def test_given_credentials_silence_those_of_the_environment() -> None:
    theirs = {"ONEROSTER_CLIENT_ID": "them", "ONEROSTER_CLIENT_SECRET": "s", "ONEROSTER_TOKEN_URL": URL}
    assert target(theirs, token="t").access == BearerToken("t")
    assert target({"ONEROSTER_TOKEN": "t"}, client_id="me", client_secret="s").access == OAuth1Credentials("me", "s")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"base_url": "sis.example"}, "https://"),
        ({"base_url": "file:///etc/passwd"}, "https://"),
        ({"base_url": "https://me:s3cret@sis.example/v1p1"}, "must not hold a user"),
        ({"base_url": URL + "?key=s3cret"}, "must not hold a user"),
        ({"base_url": "http://[bad"}, "not a URL"),
        ({"profile": "nobody's"}, "unknown profile"),
        ({"token": "s3cret", "client_id": "me", "client_secret": "s3cret"}, "not both"),
        ({"token": "s3cret\n"}, "the token must be printable"),
        ({"client_id": "me", "client_secret": "s3cret\u00e9"}, "the client secret must be printable"),
        ({"client_id": "me"}, "belong together"),
        ({"client_secret": "s3cret"}, "belong together"),
        ({"client_id": "me", "client_secret": "s3cret", "token_url": "sis.example"}, "token URL"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_repeating_it(given: dict[str, str], said: str) -> None:
    with pytest.raises(TargetError, match=said) as refused:
        target(**given)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("base_url", "rate"), [(URL, 20.0), ("http://127.0.0.1:80/v1p1", None), ("http://localhost/v1p1", None)]
)
def test_a_tenant_on_another_machine_is_asked_slowly(base_url: str, rate: float | None) -> None:
    assert default_rate(base_url) == rate


def test_a_target_shows_no_secret() -> None:
    assert "s3cret" not in repr(target(token="s3cret"))
