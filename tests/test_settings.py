"""Settings: where they come from, what outranks what, and what is refused."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from oneroster import ConfigurationError
from oneroster.settings import (
    Settings,
    UnencryptedHttpWarning,
    header_arguments,
    names_a_tenant,
    option_of,
    resolve_settings,
    variable_of,
)

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
        ({"base_url": BASE, "token": "t", "headers": {"X Key": "s3cret"}}, "a name of a header"),
        ({"base_url": BASE, "token": "t", "headers": {"": "s3cret"}}, "a name of a header"),
        ({"base_url": BASE, "token": "t", "headers": {"X-Key": "s3cret\r\nX: y"}}, "the value of x-key must be"),
        ({"base_url": BASE, "token": "t", "headers": {"X-Key": "s3cr\u00e9t"}}, "the value of x-key must be"),
        ({"base_url": BASE, "token": "t", "headers": {"X-Key": " "}}, "the value of x-key must be"),
        ({"base_url": BASE, "headers": {"Authorization": "Basic s3cret"}}, "authorization is set by.*give a token"),
        ({"base_url": BASE, "token": "t", "headers": {"Host": "s3cret"}}, "host is set by the client"),
        ({"base_url": BASE, "token": "t", "headers": [("X-Key", "s3cret")]}, "must be given as a mapping"),
        ({"base_url": BASE, "token": "t", "headers": {"X-Key": 7}}, "must be given as a mapping"),
        ({"base_url": BASE, "token": "t", "client_key": "k.pem"}, "client_key is given without client_cert"),
        ({"base_url": BASE, "token": "t", "time_zone": "EDT"}, "time_zone must be the name of a time zone"),
        ({"base_url": BASE, "token": "t", "time_zone": "../etc"}, "time_zone must be the name of a time zone"),
        ({"base_url": BASE, "token": "t", "allow_http": "s3cret"}, "allow_http must be true or false"),
        ({"base_url": 5, "token": "t"}, "base_url must be given as text"),
        (
            {"base_url": BASE, "client_id": "a", "client_secret": "b", "token_url": "http://sis.example/token"},
            "token_url must be https.*ONEROSTER_ALLOW_HTTP=1 or --allow-http",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named_at_once(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        resolve_settings(arguments, {})
    assert "s3cret" not in str(caught.value)


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
        "ca_file": "ca.pem",
        "client_cert": "me.pem",
        "client_key": "me.key",
        "time_zone": "America/New_York",
        "headers": "X-Key=env:KEY",
        "allow_http": "true",
        "standard": "1.2",
        "service_urls": f"gradebook={BASE}",
    }
    environ = {variable_of(name): value for name, value in values.items()}
    read = {**values, "headers": (("x-key", "s3cret"),), "allow_http": True, "service_urls": (("gradebook", BASE),)}
    assert resolve_settings({}, environ | {"KEY": "s3cret"}) == Settings(**read)
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


def test_headers_are_added_to_the_stored_ones_c1(tmp_path: Path) -> None:
    path = tmp_path / "oneroster.toml"
    path.write_text(f"[tenants.a]\nbase_url = '{BASE}'\nheaders = {{ A = {{ env = 'A' }}, B = {{ env = 'B' }} }}")
    found = resolve_settings({"headers": {"b": "given"}}, {"A": "a", "B": "s3cret"}, "a", path)
    assert found.headers == (("a", "a"), ("b", "given"))
    assert found.access == "none"
    assert "given" not in repr(found)


@pytest.mark.parametrize("reference", ["X-Key", "X-Key=s3cret", "X-Key=env:", "=env:KEY", "X Key=env:KEY", "X-Key=x:y"])
def test_an_option_never_holds_the_value_of_a_header_c1(reference: str) -> None:
    for read in (
        lambda: header_arguments([reference], {"KEY": "s3cret"}),
        lambda: resolve_settings({}, {"ONEROSTER_BASE_URL": BASE, "ONEROSTER_HEADERS": reference, "KEY": "s3cret"}),
    ):
        with pytest.raises(ConfigurationError, match=r"must be NAME=env:VARIABLE or NAME=file:PATH") as caught:
            read()
        assert "s3cret" not in str(caught.value)


def test_references_to_headers_lead_to_variables_and_files_c1(tmp_path: Path) -> None:
    secret = tmp_path / "a, b"
    secret.write_text("from file\n", encoding="utf-8")
    found = header_arguments(["X-One=env:ONE", f"X-Two=file:{secret}"], {"ONE": "from env"})
    assert found == {"x-one": "from env", "x-two": "from file"}
    for reference in ("X=env:NOT_SET", f"X=file:{tmp_path / 'none'}"):
        with pytest.raises(ConfigurationError, match=r"--header, X: .*(is not set|cannot be read)"):
            header_arguments([reference], {})
    environ = {"ONEROSTER_BASE_URL": BASE, "ONEROSTER_HEADERS": "X-One=env:ONE,\nX-Two=env:ONE", "ONE": "1"}
    assert resolve_settings({}, environ).headers == (("x-one", "1"), ("x-two", "1"))


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://sis.example/v1", True),
        ("http://10.0.0.1/v1", True),
        ("http://localhost.example/v1", True),
        ("http://localhost:8080/v1", False),
        ("http://127.0.0.1/v1", False),
        ("http://[::1]/v1", False),
        ("https://sis.example/v1", False),
    ],
)
def test_http_to_another_machine_is_a_warning_d8(url: str, warned: bool) -> None:
    for allowed in (False, True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            settings = resolve_settings({"base_url": url, "token": "s3cret", "allow_http": allowed}, {})
        assert settings.base_url == url
        assert [each.category for each in caught] == ([UnencryptedHttpWarning] if warned and not allowed else [])
        for each in caught:
            assert "--allow-http, or ONEROSTER_ALLOW_HTTP" in str(each.message)


@pytest.mark.parametrize("host", ["sis.example", "127.0.0.1", "localhost"])
def test_http_to_a_token_endpoint_must_be_allowed_d8(host: str) -> None:
    given = {"base_url": BASE, "client_id": "a", "client_secret": "b", "token_url": f"http://{host}/token"}
    if host == "sis.example":
        with pytest.raises(ConfigurationError, match="token_url must be https"):
            resolve_settings(given, {})
    else:
        resolve_settings(given, {})
    assert resolve_settings({**given, "allow_http": True}, {}).allow_http


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("True", True), ("0", False), ("no", False)])
def test_a_flag_is_read_from_words(text: str, flag: bool) -> None:
    environ = {"ONEROSTER_BASE_URL": BASE, "ONEROSTER_TOKEN": "t", "ONEROSTER_ALLOW_HTTP": text}
    assert resolve_settings({}, environ).allow_http is flag


def test_a_path_may_be_a_path() -> None:
    assert resolve_settings({"base_url": BASE, "token": "t", "ca_file": Path("ca.pem")}, {}).ca_file == "ca.pem"


def test_options_are_named_like_their_settings() -> None:
    assert (option_of("ca_file"), option_of("headers")) == ("--ca-file", "--header")
