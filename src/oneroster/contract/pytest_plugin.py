"""A pytest plugin for judging a live tenant: ``pytest --pyargs oneroster.contract --base-url … --token …``.

The tenant can also be named by environment variables (``ONEROSTER_BASE_URL`` …), which keeps secrets out of the process
list. Tests use the fixture ``oneroster_target``: the tenant, or None when no base URL is given.

The plugin is registered as an entry point. Its options exist only where the command line names ``oneroster.contract``
(or ``addopts`` does, as ``-p oneroster.contract.pytest_plugin``), so that other projects' runs are not affected.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from oneroster.contract.http.target import Target

__all__ = ["oneroster_target", "pytest_load_initial_conftests", "pytest_report_header", "run_option", "target_from"]

PACKAGE: Final = "oneroster.contract"
OPTIONS: Final = {
    "--base-url": "base URL of the tenant, ending in /ims/oneroster/v1p1",
    "--token": "static bearer token",
    "--client-id": "client id, for OAuth 2 (with --token-url) or OAuth 1.0a (without)",
    "--client-secret": "client secret; safer as ONEROSTER_CLIENT_SECRET",
    "--token-url": "OAuth 2 token endpoint",
    "--profile": "dialect shipped with the document, by name (default: standard)",
}
"""The options that name a tenant; each can also be an environment variable."""
PREFIX: Final = "--oneroster-"
RUN_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "overlay": {"help": "apply this OpenAPI Overlay file on top of the profile (or ONEROSTER_OVERLAY)"},
    "include": {"action": "append", "default": [], "help": "only this family, rule or operation (repeatable)"},
    "exclude": {"action": "append", "default": [], "help": "all but this family, rule or operation (repeatable)"},
    "baseline": {"help": "accept the findings that this baseline file lists"},
    "seed": {"type": int, "help": "seed of the random choices, to repeat a run"},
    "fuzz": {"type": int, "default": 0, "help": "send this many generated valid requests to each operation"},
    "negative": {"action": "store_true", "help": "send generated invalid requests as well"},
    "stateful": {"action": "store_true", "help": "follow links from collections to single records as well"},
    "max-requests": {"type": int, "help": "maximum number of requests"},
    "max-time": {"type": float, "help": "maximum duration of the run in seconds"},
    "rate": {"type": float, "help": "maximum number of requests per second"},
    "timeout": {"type": float, "help": "maximum duration of one request in seconds"},
    "workers": {"type": int, "help": "number of concurrent requests"},
    "allow-writes": {"action": "store_true", "help": "judge PUT and DELETE as well, on objects that the run creates"},
}
"""The options of `oneroster check`, with a prefix because other plugins use such names as well."""
RENAMED: Final = {"--oneroster-known": "--oneroster-baseline"}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Iterator[None]:
    """Add the options after all other plugins have added theirs, where the contract suite is to run.

    Some names are common: ``--base-url`` belongs to pytest-base-url where that is installed. Adding ours first would
    make the other plugin fail.
    """
    yield
    if not any(PACKAGE in argument for argument in args):
        return
    _refuse_renamed(args)
    group = parser.getgroup("oneroster", "OneRoster contract tests")
    for option, text in OPTIONS.items():
        try:
            group.addoption(option, default=None, help=f"{text} (or ONEROSTER_{option[2:].replace('-', '_').upper()})")
        except ValueError:
            # The option of another plugin; target_from reads its value.
            continue
    for name, attributes in RUN_OPTIONS.items():
        group.addoption(PREFIX + name, **attributes)


def _refuse_renamed(args: list[str]) -> None:
    for argument in args:
        name = argument.partition("=")[0]
        if name in RENAMED:
            raise pytest.UsageError(f"{name} has been renamed to {RENAMED[name]}")


def run_option(config: pytest.Config, name: str) -> Any:
    """Return the value of an option of a run.

    Args:
        config: The configuration of pytest.
        name: The name without its prefix, such as ``fuzz``.

    Returns:
        The value, or the default where the options do not exist.
    """
    return config.getoption(PREFIX + name, RUN_OPTIONS[name].get("default"))


def target_from(config: pytest.Config) -> "Target | None":
    """Return the tenant that the options and the environment name; None when they name no base URL.

    Raises:
        pytest.UsageError: The base URL, the credentials or the dialect are not usable.
    """
    from oneroster.contract.http.target import Target, TargetError

    given = {option[2:].replace("-", "_"): config.getoption(option, None) for option in OPTIONS}
    given["overlay"] = run_option(config, "overlay")
    try:
        return Target.from_settings(
            {name: str(value) for name, value in given.items() if value},
            allow_writes=bool(run_option(config, "allow-writes")),
        )
    except TargetError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return the header line that names the tenant, if there is one."""
    if config.getoption(PREFIX + "include", None) is None:
        return None
    target = target_from(config)
    return f"oneroster: tenant {target.base_url}" if target is not None else None


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> "Target | None":
    """Return the tenant that the command line or the environment names; None when there is no base URL."""
    return target_from(pytestconfig)
