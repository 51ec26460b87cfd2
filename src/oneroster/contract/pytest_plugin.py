"""Lets pytest judge a live tenant: ``pytest --pyargs oneroster.contract --base-url … --token …``.

The tenant can also come from the environment (``ONEROSTER_BASE_URL`` …), which keeps secrets out of the process list.
The tests ask for the fixture ``oneroster_target``: the tenant of the command line, or None when no address was given.

pytest knows this plugin by its entry point; the options exist only where ``oneroster.contract`` stands on the command
line (or in ``addopts``, as ``-p oneroster.contract.pytest_plugin``), so that nobody else's runs are touched.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from oneroster.contract.http.target import Target

__all__ = ["oneroster_target", "option_of", "pytest_load_initial_conftests", "pytest_report_header", "target_of"]

PACKAGE: Final = "oneroster.contract"
OPTIONS: Final = {
    "--base-url": "base URL of the tenant to judge, ending in /ims/oneroster/v1p1",
    "--token": "static bearer token",
    "--client-id": "client id, for OAuth 2 (with --token-url) or OAuth 1.0a (without)",
    "--client-secret": "client secret; better given as ONEROSTER_CLIENT_SECRET",
    "--token-url": "OAuth 2 token endpoint",
    "--profile": "dialect of the tenant: standard (default), another profile, or an OpenAPI Overlay file",
}
"""Which tenant; also taken from the environment."""
PREFIX: Final = "--oneroster-"
RUN_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "include": {"action": "append", "default": [], "help": "only this family, rule or operation; can be repeated"},
    "exclude": {"action": "append", "default": [], "help": "not this family, rule or operation; can be repeated"},
    "known": {"help": "file of deviations that are accepted with a reason"},
    "seed": {"type": int, "help": "repeats a run"},
    "fuzz": {"type": int, "default": 0, "help": "make up so many lawful requests for each operation as well"},
    "negative": {"action": "store_true", "help": "also ask what is not lawful"},
    "stateful": {"action": "store_true", "help": "also read what pages list, wherever they begin"},
    "max-requests": {"type": int, "help": "requests in all"},
    "max-time": {"type": float, "help": "seconds in all"},
    "rate": {"type": float, "help": "requests a second"},
    "timeout": {"type": float, "help": "seconds for one answer"},
    "workers": {"type": int, "help": "requests at a time"},
    "allow-writes": {"action": "store_true", "help": "judge PUT and DELETE as well, on objects made for that"},
}
"""How it is judged: the options of `oneroster check`, under a prefix, for other plugins have such names too."""


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Iterator[None]:
    """Add the options when all other plugins have added theirs, where the rules are to be judged.

    Some of the names are common: ``--base-url`` belongs to pytest-base-url where that is installed. Added earlier, ours
    would make the other plugin fail.
    """
    yield
    if not any(PACKAGE in argument for argument in args):
        return
    group = parser.getgroup("oneroster", "OneRoster contract tests")
    for option, text in OPTIONS.items():
        try:
            group.addoption(option, default=None, help=f"{text} (or ONEROSTER_{option[2:].replace('-', '_').upper()})")
        except ValueError:
            # Another plugin's option; its value is read just the same.
            continue
    for name, attributes in RUN_OPTIONS.items():
        group.addoption(PREFIX + name, **attributes)


def option_of(config: pytest.Config, name: str) -> Any:
    """The value of an option of a run, such as ``fuzz``; its default where the options do not exist."""
    return config.getoption(PREFIX + name, RUN_OPTIONS[name].get("default"))


def target_of(config: pytest.Config) -> "Target | None":
    """The tenant that the options and the environment name, or None when they name no address.

    Raises ``pytest.UsageError`` when the address or the credentials cannot be meant that way.
    """
    from oneroster.contract.http.target import Target, TargetError

    given = {option[2:].replace("-", "_"): config.getoption(option, None) for option in OPTIONS}
    try:
        return Target.from_settings(
            {name: str(value) for name, value in given.items() if value},
            allow_writes=bool(option_of(config, "allow-writes")),
        )
    except TargetError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which tenant is judged, when one is named."""
    if config.getoption(PREFIX + "include", None) is None:
        return None
    target = target_of(config)
    return f"oneroster: judging {target.base_url}" if target is not None else None


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> "Target | None":
    """The tenant named on the command line or in the environment; None when there is no address."""
    return target_of(pytestconfig)
