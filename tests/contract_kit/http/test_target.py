"""The tenant to test, as its settings name it."""

from typing import Any

import pytest

from oneroster.contract.http.budget import default_rate
from oneroster.contract.http.credentials import BearerToken, NoCredentials, OAuth1Credentials, OAuth2Credentials
from oneroster.contract.http.target import Target, required_scopes
from oneroster.errors import ConfigurationError
from oneroster.settings import Settings
from oneroster.standard import Standard

STANDARD = Standard.of("1.1")


URL = "https://sis.example/ims/oneroster/v1p1"
ID_AND_SECRET = {"client_id": "me", "client_secret": "s"}
TOKEN_URL = "https://sis.example/token"  # an address


def target(**settings: Any) -> Target:
    return Target.from_settings(Settings(URL, **settings))


def test_the_credentials_follow_from_the_settings() -> None:
    assert isinstance(target().access, NoCredentials)
    assert target(token="t") == Target(URL, "standard", BearerToken("t"))
    assert target(**ID_AND_SECRET).access == OAuth1Credentials("me", "s")
    assert target(**ID_AND_SECRET, oauth1_method="HMAC-SHA1").access == OAuth1Credentials("me", "s", "HMAC-SHA1")


def test_scopes_and_the_way_of_the_secret_follow_from_the_settings() -> None:
    access = target(**ID_AND_SECRET, token_url=TOKEN_URL).access
    assert access == OAuth2Credentials(TOKEN_URL, "me", "s", required_scopes(STANDARD.specification))
    assert all("readonly" in scope for scope in required_scopes(STANDARD.specification))
    exact = target(**ID_AND_SECRET, token_url=TOKEN_URL, scopes="a  b", client_auth="body").access
    assert exact == OAuth2Credentials(TOKEN_URL, "me", "s", ("a", "b"), in_body=True)
    assert target(**ID_AND_SECRET, token_url=TOKEN_URL, scopes="").access == OAuth2Credentials(TOKEN_URL, "me", "s")


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"profile": "nobody's"}, "unknown profile"), ({"overlay": "/no/such/dialect.yaml"}, "cannot be read")],
)
def test_a_dialect_that_does_not_exist_is_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        target(**settings)


@pytest.mark.parametrize(
    ("base_url", "rate"), [(URL, 20.0), ("http://127.0.0.1:80/v1p1", None), ("http://localhost/v1p1", None)]
)
def test_a_tenant_on_another_machine_is_asked_slowly(base_url: str, rate: float | None) -> None:
    assert default_rate(base_url) == rate


def test_a_target_shows_no_secret() -> None:
    assert "s3cret" not in repr(target(token="s3cret"))


def test_headers_and_certificates_are_shown_as_variables_c1() -> None:
    found = target(
        token="t",
        headers=(("x-vendor-authorization", "s3cret"),),
        ca_file="ca.pem",
        client_cert="me.pem",
        client_key="k",
    )
    assert "s3cret" not in repr(found)
    files = '--cacert "$ONEROSTER_CA_FILE" --cert "$ONEROSTER_CLIENT_CERT" --key "$ONEROSTER_CLIENT_KEY"'
    assert found.curl_options(f"{URL}/orgs") == f'-H "x-vendor-authorization: $X_VENDOR_AUTHORIZATION" {files}'
    assert found.curl_options("https://token.example/token") == files
    assert target(token="t").curl_options(URL) == ""
