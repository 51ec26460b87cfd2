"""Settings: where they come from, what outranks what, and what is refused."""

from pathlib import Path

import pytest

from oneroster import ConfigurationError
from oneroster.settings import Settings, names_a_tenant, resolve_settings, variable_of

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
        (
            {},
            r"base_url is missing \(--base-url, or ONEROSTER_BASE_URL\); credentials are missing: token \(--token, or",
        ),
        ({}, "--client-id and --client-secret, or ONEROSTER_CLIENT_ID and ONEROSTER_CLIENT_SECRET"),
        ({}, "--tenant or ONEROSTER_TENANT; --sandbox"),
        ({"base_url": BASE, "client_id": "a"}, "client_secret is missing"),
        ({"base_url": "sis.example", "token": "t"}, "base_url must be an http"),
        ({"base_url": "https://u:s3cret@sis.example", "token": "t"}, "without user info"),
        ({"base_url": "https://[", "token": "t"}, "base_url must be an http"),
        ({"base_url": f"{BASE} ", "token": "t"}, "base_url must be an http"),
        ({"base_url": f"{BASE}?district=1", "token": "t"}, "base_url must have no query"),
        ({"base_url": f"{BASE}#top", "token": "t"}, "base_url must have no query"),
        ({"base_url": BASE, "token": " "}, "token is empty"),
        ({"base_url": BASE, "token": "s3cret\n"}, "token must be printable ASCII"),
        ({"base_url": BASE, "token": "s3cret\u00e9"}, "token must be printable ASCII"),
        ({"base_url": BASE, "client_id": "me", "client_secret": "s3cret\n"}, "client_secret must be printable"),
        ({"base_url": BASE, "token": "s3cret", "client_id": "me", "client_secret": "s3cret"}, "are both given"),
        ({"base_url": BASE, "client_id": "a", "client_secret": "b", "token_url": f"{BASE}#s3cret"}, "no fragment"),
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
        ("[tenants", "cannot be read as TOML\\."),
        ("[tenants.a]\ntoken = s3cret", "cannot be read as TOML: error in line 2\\."),
        ("tenants = 3", "has no \\[tenants.a\\]"),
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
    with pytest.raises(ConfigurationError, match=r"none.toml cannot be read \(.*\); name the file with --config"):
        resolve_settings({}, {}, "a", tmp_path / "none.toml")


def test_a_file_without_the_name_of_a_tenant_is_not_ignored(file: Path) -> None:
    environ = {"ONEROSTER_BASE_URL": BASE, "ONEROSTER_TOKEN": "t"}
    with pytest.raises(ConfigurationError, match=r"not which of its tenants to use \(--tenant, ONEROSTER_TENANT\)"):
        resolve_settings({}, environ, None, file)


def test_a_file_may_begin_with_a_byte_order_mark(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert resolve_settings({}, {}, "shelbyville", file).token == "t0ken"


def test_a_token_replaces_the_token_endpoint_too(file: Path) -> None:
    found = resolve_settings({"token": "t"}, {"SPRINGFIELD_SECRET": "s"}, "springfield", file)
    assert found == Settings(BASE, token="t")


def test_only_those_who_may_be_anonymous_need_no_credentials() -> None:
    found = resolve_settings({"base_url": BASE}, {}, anonymous=True)
    assert (found, found.access) == (Settings(BASE), "none")
    with pytest.raises(ConfigurationError, match="client_secret is missing"):
        resolve_settings({"base_url": BASE, "client_id": "a"}, {}, anonymous=True)


def test_every_setting_can_come_from_the_environment() -> None:
    values = {
        "base_url": BASE,
        "token_url": BASE,
        "client_id": "a",
        "client_secret": "b",
        "scopes": "c d",
        "client_auth": "body",
        "oauth1_method": "HMAC-SHA1",
        "profile": "kimono",
        "overlay": "own.yaml",
    }
    environ = {variable_of(name): value for name, value in values.items()}
    assert resolve_settings({}, environ) == Settings(**values)
    assert values.keys() == set(Settings._fields) - {"token"}


@pytest.mark.parametrize(
    ("arguments", "environ", "tenant", "named"),
    [
        ({}, {}, None, False),
        ({"token": "t"}, {"ONEROSTER_TOKEN": "t", "ONEROSTER_CONFIG": "x"}, None, False),
        ({"base_url": BASE}, {}, None, True),
        ({}, {"ONEROSTER_BASE_URL": BASE}, None, True),
        ({}, {"ONEROSTER_TENANT": "a"}, None, True),
        ({}, {}, "a", True),
    ],
)
def test_a_tenant_is_named_by_url_or_name(
    arguments: dict[str, str], environ: dict[str, str], tenant: str | None, named: bool
) -> None:
    assert names_a_tenant(arguments, environ, tenant) is named
