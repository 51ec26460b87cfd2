"""Settings: where they come from, what outranks what, and what is refused."""

from pathlib import Path

import pytest

from oneroster import ConfigurationError
from oneroster.settings import Settings, resolve_settings

BASE = "https://sis.example/ims/oneroster/v1p1"
FILE = f"""
[tenants.springfield]
base_url = "{BASE}"
token_url = "https://sis.example/token"
client_id = "kit"
client_secret = {{ env = "SPRINGFIELD_SECRET" }}

[tenants.shelbyville]
base_url = "{BASE}/"
token = {{ file = "%s" }}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("t0ken\n")
    path = tmp_path / "oneroster.toml"
    path.write_text(FILE % (tmp_path / "token").as_posix())
    return path


def test_arguments_outrank_variables() -> None:
    environ = {"ONEROSTER_BASE_URL": BASE, "ONEROSTER_CLIENT_ID": "env", "ONEROSTER_CLIENT_SECRET": "s"}
    found = resolve_settings({"client_id": "argument", "token": None}, environ)
    assert found == Settings(BASE, client_id="argument", client_secret="s")
    assert found.access == "oauth1"


def test_credentials_passed_are_not_mixed_with_others_lying_around() -> None:
    environ = {"ONEROSTER_TOKEN": "lying around"}
    found = resolve_settings({"base_url": BASE, "client_id": "a", "client_secret": "b"}, environ)
    assert found.token is None
    environ = {"ONEROSTER_CLIENT_ID": "a", "ONEROSTER_CLIENT_SECRET": "b"}
    assert resolve_settings({"base_url": BASE, "token": "t"}, environ) == Settings(BASE, token="t")


def test_a_tenant_of_the_file_keeps_its_secrets_elsewhere(file: Path) -> None:
    found = resolve_settings({}, {"SPRINGFIELD_SECRET": "s3cret"}, "springfield", file)
    assert found == Settings(BASE, "https://sis.example/token", "kit", "s3cret")
    assert (found.access, "s3cret" in repr(found)) == ("oauth2", False)
    by_environment = {"ONEROSTER_TENANT": "shelbyville", "ONEROSTER_CONFIG": str(file)}
    assert resolve_settings({}, by_environment) == Settings(BASE, token="t0ken")


def test_a_named_tenant_never_meets_the_variables_of_another(file: Path) -> None:
    environ = {"SPRINGFIELD_SECRET": "s", "ONEROSTER_BASE_URL": "https://other.example", "ONEROSTER_TOKEN": "other"}
    found = resolve_settings({}, environ, "springfield", file)
    assert (found.base_url, found.token) == (BASE, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "base_url is missing; client_id is missing; client_secret is missing"),
        ({"base_url": BASE, "client_id": "a"}, "client_secret is missing"),
        ({"base_url": "sis.example", "token": "t"}, "base_url must be an http"),
        ({"base_url": "https://u:s3cret@sis.example", "token": "t"}, "without user info"),
        ({"base_url": "https://[", "token": "t"}, "base_url must be an http"),
        ({"base_url": f"{BASE} ", "token": "t"}, "base_url must be an http"),
        ({"base_url": f"{BASE}?district=1", "token": "t"}, "base_url must have no query"),
        ({"base_url": f"{BASE}#top", "token": "t"}, "base_url must have no query"),
        ({"base_url": BASE, "token": " "}, "token is empty"),
        ({"base_url": BASE, "token": "t", "client_auth": "header"}, "client_auth must be"),
        ({"base_url": BASE, "token": "t", "oauth1_method": "PLAINTEXT"}, "oauth1_method must be"),
    ],
)
def test_what_is_missing_or_wrong_is_named_at_once(arguments: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        resolve_settings(arguments, {})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tenants", "cannot be read as TOML"),
        ("", "has no \\[tenants.a\\]"),
        ("[tenants.b]", "in the file: b"),
        ('[tenants.a]\nbase = "x"', "unknown settings base"),
        ('[tenants.a]\nclient_secret = "s3cret"', "must not be in this file"),
        ('[tenants.a]\nclient_secret = { env = "NOT_SET" }', "NOT_SET is not set"),
        ('[tenants.a]\ntoken = { file = "nowhere/at-all" }', "cannot be read"),
        ("[tenants.a]\nscopes = 3", "must be a string"),
        ('[tenants.a]\ntoken = { env = "A", file = "b" }', "must be a string"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "oneroster.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said) as caught:
        resolve_settings({}, {}, "a", path)
    assert "s3cret" not in str(caught.value)


def test_a_secret_that_is_kept_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    path = tmp_path / "oneroster.toml"
    path.write_text(f"[tenants.a]\ntoken = {{ file = '{tmp_path / 'secret'}' }}")
    with pytest.raises(ConfigurationError, match=r"token: .* is empty"):
        resolve_settings({}, {}, "a", path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        resolve_settings({}, {}, "a", tmp_path / "none.toml")
