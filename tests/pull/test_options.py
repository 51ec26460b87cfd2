"""The options of a pull."""

import pytest

from oneroster import OneRoster
from oneroster.pull.options import PullOptions
from oneroster.settings import variable_of


@pytest.mark.parametrize(
    ("option", "setting", "profile"),
    [
        ("", "", "standard"),
        ("", "kimono", "kimono"),
        ("standard", "kimono", "standard"),
        ("", "a dialect of the contract kit", "standard"),
    ],
)
def test_the_dialect_is_that_of_the_options_or_of_the_tenant(
    option: str, setting: str, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable_of("profile"), setting)
    with OneRoster(base_url="https://sis.example", token="t") as client:
        assert PullOptions(profile=option).of_client(client).profile == profile
