"""The base URL of each service, formed from the one that is set."""

import pytest

from oneroster.errors import ConfigurationError
from oneroster.service_urls import check_standard, service_urls, version_in_url
from oneroster.settings import Settings, resolve_settings
from oneroster.standard import Standard

OLD, NEW = Standard.of("1.1"), Standard.of("1.2")
THREE = {name: f"https://sis.example/campus{path}" for name, path in NEW.specification.services.items()}


@pytest.mark.parametrize(
    "base_url", ["https://sis.example/campus", "https://sis.example/campus/ims/oneroster", *THREE.values()]
)
def test_one_root_or_any_base_url_gives_all_services(base_url: str) -> None:
    assert service_urls(Settings(base_url), NEW) == THREE


def test_a_service_elsewhere_is_given() -> None:
    given = Settings(THREE["rostering"], service_urls=(("gradebook", "https://grades.example/v1p2"),))
    assert service_urls(given, NEW) == THREE | {"gradebook": "https://grades.example/v1p2"}


def test_a_version_with_one_service_has_the_base_url_as_it_is() -> None:
    for base_url in ("https://sis.example/ims/oneroster/v1p1", "https://sis.example/anything"):
        assert service_urls(Settings(base_url), OLD) == {"oneroster": base_url}


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"OneRoster 1\.2 has no service grades; it has rostering, gradebook"):
        service_urls(Settings("https://sis.example", service_urls=(("grades", "https://sis.example"),)), NEW)


@pytest.mark.parametrize(
    ("base_url", "standard", "named"),
    [(THREE["rostering"], OLD, "1.2"), ("https://sis.example/ims/oneroster/v1p1", NEW, "1.1")],
)
def test_a_base_url_of_another_version_is_one_clear_error(base_url: str, standard: Standard, named: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"is that of OneRoster {named}, and .*Set standard"):
        service_urls(Settings(base_url), standard)


@pytest.mark.parametrize(
    ("url", "version"),
    [
        ("https://sis.example/ims/oneroster/v1p1", "1.1"),
        ("https://sis.example/api/oneroster/v1p1/app/ims/oneroster/rostering/v1p2", "1.2"),
        ("https://v1p2.example/ims/oneroster", None),
        ("https://sis.example/v1p2x", None),
        ("https://sis.example", None),
    ],
)
def test_the_last_version_in_the_path_counts(url: str, version: str | None) -> None:
    assert version_in_url(url) == version


def test_a_setting_of_another_version_is_refused() -> None:
    check_standard(Settings("https://sis.example"), NEW)
    check_standard(Settings("https://sis.example", standard="1.2"), NEW)
    with pytest.raises(ConfigurationError, match=r"set to standard 1\.2 .* speaks OneRoster 1\.1"):
        check_standard(Settings("https://sis.example", standard="1.2"), OLD)


def test_the_settings_are_read_from_everywhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("config") / "oneroster.toml"
    file.write_text(
        '[tenants.t]\nbase_url = "https://sis.example"\nstandard = "1.2"\ntoken = { env = "T" }\n'
        'service_urls = { gradebook = "https://grades.example/x/" }\n',
        encoding="utf-8",
    )
    wanted = ("1.2", (("gradebook", "https://grades.example/x"),))
    environ = {
        "ONEROSTER_BASE_URL": "https://sis.example",
        "ONEROSTER_TOKEN": "t",
        "ONEROSTER_STANDARD": "1.2",
        "ONEROSTER_SERVICE_URLS": "gradebook=https://grades.example/x",
    }
    arguments = {"base_url": "https://sis.example", "token": "t", "standard": "1.2"}
    for found in (
        resolve_settings({}, {"T": "t"}, "t", file),
        resolve_settings({}, environ),
        resolve_settings({**arguments, "service_urls": {"gradebook": "https://grades.example/x"}}, {}),
        resolve_settings({**arguments, "service_urls": ["gradebook=https://grades.example/x"]}, {}),
    ):
        assert (found.standard, found.service_urls) == wanted


@pytest.mark.parametrize("given", ["gradebook", {"gradebook": 5}, ["gradebook"], ["=https://x.example"], []])
def test_service_urls_of_another_form_are_refused(given: object) -> None:
    with pytest.raises(ConfigurationError, match="service_urls must name services with their base URLs"):
        resolve_settings({"base_url": "https://sis.example", "token": "t", "service_urls": given}, {})


@pytest.mark.parametrize("url", ["ftp://x.example", "https://user:word@x.example", "https://x.example?a=b"])
def test_service_urls_must_be_urls(url: str) -> None:
    with pytest.raises(ConfigurationError, match="service_urls: gradebook must be an http") as caught:
        resolve_settings({"base_url": "https://sis.example", "token": "t", "service_urls": {"gradebook": url}}, {})
    assert "word" not in str(caught.value)
