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
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from oneroster.contract.baseline import AcceptedDeviation
    from oneroster.contract.http.target import Target
    from oneroster.contract.pytest_suite.candidates import Candidates
    from oneroster.contract.run_options import RunOptions
    from oneroster.detection import Detected
    from oneroster.settings import Settings
    from oneroster.standard import Standard

__all__ = [
    "add_summary",
    "baseline_from",
    "candidates_from",
    "oneroster_target",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_load_initial_conftests",
    "pytest_pycollect_makeitem",
    "pytest_report_header",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "run_option",
    "run_options_from",
    "shared_file",
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
UNNAMED: Final = "http://tenant.invalid"
"""The base URL while tests are only collected; nothing is sent."""
NO_TENANT: Final = (
    "no tenant given: set --base-url or --oneroster-tenant, or ONEROSTER_BASE_URL or ONEROSTER_TENANT in the"
    " environment"
)
SHARED_FILE: Final = "oneroster-run"
WORKER_STANDARD: Final = "oneroster-standard"
_SUMMARY: Final = pytest.StashKey[list[str]]()


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
            config.stash[_DETECTED] = _detected(config, settings)
        standard = config.stash[_DETECTED].standard
        return run_options_from(config, standard).target(settings, standard)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None


def _detected(config: pytest.Config, settings: "Settings") -> "Detected":
    """Return the version that the tenant speaks; the controller of workers finds it out for them.

    While tests are only collected, nothing is sent, and the default version stands for one that is not set.
    """
    from oneroster.detection import Detected, detect_standard
    from oneroster.standard import Standard

    if (told := getattr(config, "workerinput", {}).get(WORKER_STANDARD)) is not None:
        return Detected(Standard.of(told[0]), told[1])
    return detect_standard(settings, send=not config.getoption("collectonly", False))


def baseline_from(config: pytest.Config, standard: "Standard") -> "tuple[AcceptedDeviation, ...]":
    """Return the entries of the baseline file; none without one.

    Args:
        config: The configuration of pytest.
        standard: The version of the standard that the tenant speaks.

    Raises:
        pytest.UsageError: The file cannot be used.
    """
    from oneroster.contract.baseline import BaselineError, read_baseline

    path = run_option(config, "baseline")
    try:
        return read_baseline(Path(path), standard.specification) if path else ()
    except BaselineError as error:
        raise pytest.UsageError(str(error)) from None


def candidates_from(config: pytest.Config, target: "Target") -> "Candidates":
    """Return the operations that each selected rule may be judged on."""
    from oneroster.contract.pytest_suite.candidates import candidates

    options = run_options_from(config, target.standard)
    return candidates(target, options.selection.rules, options.plan)


def pytest_configure(config: pytest.Config) -> None:
    """Report wrong usage before the run: a suite without a tenant would pass, with all its tests skipped."""
    target = target_from(config) if _has_options(config) else None
    if target is not None:
        baseline_from(config, target.standard)
    elif _asks_for_the_suite(config):
        raise pytest.UsageError(f"oneroster: {NO_TENANT}")


def _asks_for_the_suite(config: pytest.Config) -> bool:
    """Return whether the command line asks for tests of a tenant, and runs them."""
    if not _has_options(config) or any(config.getoption(name, False) for name in ("collectonly", "help", "version")):
        return False
    named = config.getoption("file_or_dir", []) if config.getoption("pyargs", False) else []
    return any(name.partition("::")[0].startswith(PACKAGE) for name in named) or any(
        run_option(config, name) not in (attributes.get("default"), False) for name, attributes in RUN_OPTIONS.items()
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the version of the standard, so that it sends no requests to find it out."""
    if (detected := node.config.stash.get(_DETECTED, None)) is not None:
        node.workerinput[WORKER_STANDARD] = (detected.standard.version, detected.source)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return the header line that names the tenant, if there is one."""
    target = target_from(config) if _has_options(config) else None
    return f"oneroster: tenant {target.base_url}, {config.stash[_DETECTED]}" if target is not None else None


def _has_options(config: pytest.Config) -> bool:
    return config.getoption(PREFIX + "include", None) is not None


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> "list[pytest.Collector] | None":
    """Collect the suite's only test function for each rule and operation, by family."""
    if name != "test_rule" or getattr(obj, "__module__", None) != f"{PACKAGE}.test_contract":
        return None
    from oneroster.contract.http.target import Target
    from oneroster.contract.pytest_suite.collectors import collect_families

    config, test = collector.config, cast("Callable[..., object]", obj)
    target = target_from(config) or Target(UNNAMED)
    rules = run_options_from(config, target.standard).selection.rules
    return collect_families(collector, rules, candidates_from(config, target), test)


def shared_file(config: pytest.Config, folders: pytest.TempPathFactory, name: str) -> Path | None:
    """Return the file by which the workers of a session share the run of a module; None without workers."""
    if not hasattr(config, "workerinput"):
        return None
    return folders.getbasetemp().parent / f"{SHARED_FILE}-{sha256(name.encode()).hexdigest()[:12]}"


def add_summary(config: pytest.Config, lines: list[str]) -> None:
    """Add lines about a run to the summary of the session."""
    config.stash.setdefault(_SUMMARY, []).extend(lines)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the summary of a worker to the process that prints it."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[SHARED_FILE] = session.config.stash.get(_SUMMARY, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the summary of a worker of pytest-xdist."""
    add_summary(node.config, getattr(node, "workeroutput", {}).get(SHARED_FILE, []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the verdict of the run, in the words of `oneroster check`."""
    if lines := config.stash.get(_SUMMARY, []):
        terminalreporter.section("oneroster")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def oneroster_target(pytestconfig: pytest.Config) -> "Target | None":
    """Return the tenant that the command line or the environment names; None without one."""
    return target_from(pytestconfig)
