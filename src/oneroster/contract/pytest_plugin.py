"""A pytest plugin for judging a live tenant: ``pytest --pyargs oneroster.contract --base-url … --token …``.

The tenant can also be named by environment variables (``ONEROSTER_BASE_URL`` …), which keeps secrets out of the process
list, or by its name in a configuration file: ``--oneroster-tenant``. See `oneroster.settings`. Tests use the fixture
``oneroster_target``: the tenant, or None when none is named.

The plugin is registered as an entry point. Its options exist only where the command line names ``oneroster.contract``
(or ``addopts`` does, as ``-p oneroster.contract.pytest_plugin``), so that other projects' runs are not affected.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from oneroster.contract.http.target import Target
    from oneroster.contract.run_options import RunOptions
    from oneroster.detection import Detected
    from oneroster.standard import Standard

__all__ = [
    "oneroster_target",
    "pytest_load_initial_conftests",
    "pytest_report_header",
    "run_option",
    "run_options_from",
    "target_from",
]


def _number(kind: type[int] | type[float], least: float, most: float = 1e9) -> Callable[[str], float]:
    """Return the type of an option that takes a number between two bounds; not a number is between none."""

    def parse(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}")
        return value

    parse.__name__ = kind.__name__
    return parse


PACKAGE: Final = "oneroster.contract"
OPTIONS: Final = {
    "--base-url": "base URL of the tenant, with the path of the OneRoster service",
    "--token": "static bearer token",
    "--client-id": "client id, for OAuth 2 (with --token-url) or OAuth 1.0a (without)",
    "--client-secret": "client secret; safer as ONEROSTER_CLIENT_SECRET",
    "--token-url": "OAuth 2 token endpoint",
    "--profile": "dialect shipped with the document, by name (default: standard)",
}
"""The options that name a tenant; each can also be an environment variable."""
PREFIX: Final = "--oneroster-"
RUN_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "tenant": {"help": "name of a tenant in the configuration file (or ONEROSTER_TENANT)"},
    "standard": {"help": "version of OneRoster; detected by default (or ONEROSTER_STANDARD)"},
    "service-url": {
        "action": "append",
        "help": "base URL of a service that is not below the base URL, as SERVICE=URL (repeatable; or"
        " ONEROSTER_SERVICE_URLS)",
    },
    "config": {"help": "configuration file with tenants (or ONEROSTER_CONFIG; default: oneroster.toml)"},
    "scopes": {"help": "OAuth 2 scopes, separated by spaces (or ONEROSTER_SCOPES; default: those of all reads)"},
    "client-auth": {"help": "how the token endpoint gets id and secret: basic or body (or ONEROSTER_CLIENT_AUTH)"},
    "oauth1-method": {"help": "OAuth 1.0a signature: HMAC-SHA256 or HMAC-SHA1 (or ONEROSTER_OAUTH1_METHOD)"},
    "header": {
        "action": "append",
        "help": "further header, as NAME=env:VARIABLE or NAME=file:PATH, sent to the tenant only (repeatable; or"
        " ONEROSTER_HEADERS)",
    },
    "ca-file": {"help": "certificates to trust besides those of the environment, as PEM (or ONEROSTER_CA_FILE)"},
    "client-cert": {"help": "client certificate, as PEM (or ONEROSTER_CLIENT_CERT)"},
    "client-key": {"help": "key of the client certificate, as PEM (or ONEROSTER_CLIENT_KEY)"},
    "time-zone": {"help": "time zone of the tenant, as in America/New_York (or ONEROSTER_TIME_ZONE)"},
    "allow-http": {
        "action": "store_const",
        "const": True,
        "help": "permit http:// to another machine, also for the token endpoint (or ONEROSTER_ALLOW_HTTP)",
    },
    "overlay": {"help": "apply this OpenAPI Overlay file on top of the profile (or ONEROSTER_OVERLAY)"},
    "include": {"action": "append", "default": [], "help": "only this family, rule or operation (repeatable)"},
    "exclude": {"action": "append", "default": [], "help": "all but this family, rule or operation (repeatable)"},
    "baseline": {"help": "accept the findings that this baseline file lists"},
    "seed": {"type": _number(int, 0), "help": "seed of the random choices, to repeat a run"},
    "fuzz": {
        "type": _number(int, 0),
        "default": 0,
        "help": "send this many generated valid requests to each operation",
    },
    "negative": {"action": "store_true", "help": "send generated invalid requests as well"},
    "stateful": {"action": "store_true", "help": "follow links from collections to single records as well"},
    "max-requests": {"type": _number(int, 1), "help": "maximum number of requests"},
    "max-time": {"type": _number(float, 1), "help": "maximum duration of the run in seconds"},
    "rate": {"type": _number(float, 0.1), "help": "maximum number of requests per second"},
    "timeout": {"type": _number(float, 0.1), "help": "maximum duration of one request in seconds"},
    "workers": {"type": _number(int, 1, 16), "help": "number of concurrent requests"},
    "allow-writes": {"action": "store_true", "help": "judge PUT and DELETE as well, on objects that the run creates"},
}
"""The options of `oneroster check`, with a prefix because other plugins use such names as well."""
PREFIXED_SETTINGS: Final = (
    "standard",
    "scopes",
    "client-auth",
    "oauth1-method",
    "ca-file",
    "client-cert",
    "client-key",
    "time-zone",
    "allow-http",
    "overlay",
)
"""Those that are settings of the tenant."""
RUN_VALUES: Final = (
    "allow-writes",
    "fuzz",
    "negative",
    "stateful",
    "seed",
    "max-requests",
    "max-time",
    "rate",
    "timeout",
    "workers",
)
"""Those that are fields of `RunOptions`."""
_DETECTED: "Final[pytest.StashKey[Detected]]" = pytest.StashKey()
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


def run_options_from(config: pytest.Config, standard: "Standard") -> "RunOptions":
    """Return the options of the run.

    Args:
        config: The configuration of pytest.
        standard: The version of the standard that the tenant speaks.

    Raises:
        pytest.UsageError: A selected rule or operation does not exist.
    """
    from oneroster.contract.run_options import RunOptions
    from oneroster.contract.run_selection import rule_selection

    given = {name.replace("-", "_"): run_option(config, name) for name in RUN_VALUES}
    include, exclude = run_option(config, "include"), run_option(config, "exclude")
    try:
        return RunOptions(rule_selection(standard.specification, include, exclude), **given)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def target_from(config: pytest.Config) -> "Target | None":
    """Return the tenant that the options, the environment and the configuration file name; None when they name none.

    Raises:
        pytest.UsageError: A setting is missing or invalid.
    """
    from oneroster.detection import detect_standard
    from oneroster.errors import ConfigurationError
    from oneroster.settings import header_arguments, names_a_tenant, resolve_settings

    given = {option[2:].replace("-", "_"): config.getoption(option, None) for option in OPTIONS}
    given |= {name.replace("-", "_"): run_option(config, name) for name in PREFIXED_SETTINGS}
    arguments: dict[str, Any] = {name: value if value is True else str(value) for name, value in given.items() if value}
    tenant, file = run_option(config, "tenant"), run_option(config, "config")
    if not file and not names_a_tenant(arguments, os.environ, tenant):
        return None
    try:
        if headers := run_option(config, "header"):
            arguments["headers"] = header_arguments(headers, os.environ)
        if urls := run_option(config, "service-url"):
            arguments["service_urls"] = urls
        settings = resolve_settings(arguments, os.environ, tenant, file, anonymous=True)
        if _DETECTED not in config.stash:
            config.stash[_DETECTED] = detect_standard(settings)
        standard = config.stash[_DETECTED].standard
        return run_options_from(config, standard).target(settings, standard)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return the header line that names the tenant, if there is one."""
    if config.getoption(PREFIX + "include", None) is None:
        return None
    target = target_from(config)
    return f"oneroster: tenant {target.base_url}, {config.stash[_DETECTED]}" if target is not None else None


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> "Target | None":
    """Return the tenant that the command line or the environment names; None when there is none."""
    return target_from(pytestconfig)
