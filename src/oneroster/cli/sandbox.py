"""`oneroster sandbox`: serve a OneRoster tenant on this machine until Ctrl-C."""

import json
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.cli._lists import print_lines
from oneroster.errors import ConfigurationError
from oneroster.standard import DEFAULT, Standard

if TYPE_CHECKING:
    from oneroster.sandbox.many_tenants import MultiTenantSandbox
    from oneroster.sandbox.server import Sandbox
    from oneroster_runtime.specification import Specification

HELP = f"""{COMMANDS["sandbox"].summary}

The same size and seed give the same data on every machine. Written data is lost when the sandbox stops.

Exit status: 0 terminated (SIGTERM), 2 wrong usage, 130 interrupted (Ctrl-C).

Examples:

- `oneroster sandbox` serves 41 users on a free port

- `oneroster sandbox --size large --port 8080` serves a million enrollments, which are generated once and then cached

- `oneroster sandbox --profile kimono` serves the dialect of Kimono Cloud

- `oneroster sandbox --fault lost-row --fault wrong-total` enables faults, to test whether your code detects them

- `oneroster sandbox --list-faults` lists all faults

- `oneroster sandbox --variant page-cap --variant soft-delete` enables other valid behaviour where the standard is open

- `oneroster sandbox --list-variants` lists all variants

- `oneroster sandbox --tenants 20 --write-config oneroster.toml --fault lost-row@tenant-7 --size medium@tenant-3` serves
20 tenants on one port, for `oneroster pull --tenants`; one has a fault, and one is larger
"""

_DATA: Final = "Data"
_SERVER: Final = "Server"
_BEHAVIOUR: Final = "Faults and variants"

Sizes = Annotated[
    list[str],
    typer.Option(
        "--size",
        metavar="SIZE",
        help="small (41 users), medium (4,001), large (100,003), or a number of users; SIZE@TENANT for one of several"
        " tenants.",
        rich_help_panel=_DATA,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the synthetic data.", rich_help_panel=_DATA)]
Port = Annotated[
    int,
    typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 for any free port.", rich_help_panel=_SERVER),
]
Token = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="The bearer token that the tenant accepts, for CI; without it, a random one.",
        rich_help_panel=_SERVER,
    ),
]
Profile = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Dialect to serve.",
        rich_help_panel=_SERVER,
    ),
]
Faults = Annotated[
    list[str],
    typer.Option(
        "--fault",
        metavar="NAME",
        help="Enable these faults (repeatable, or with commas); NAME@TENANT for one of several tenants.",
        rich_help_panel=_BEHAVIOUR,
    ),
]
VariantNames = Annotated[
    list[str],
    typer.Option(
        "--variant",
        metavar="NAME",
        help="Enable these valid variants (repeatable, or with commas).",
        rich_help_panel=_BEHAVIOUR,
    ),
]
ListVariants = Annotated[
    bool, typer.Option("--list-variants", help="List all variants and exit.", rich_help_panel=_BEHAVIOUR)
]
ListFaults = Annotated[
    bool, typer.Option("--list-faults", help="List all faults and exit.", rich_help_panel=_BEHAVIOUR)
]

StandardVersion = Annotated[
    str,
    typer.Option(
        "--standard",
        metavar="VERSION",
        help=f"Version of OneRoster: {' or '.join(Standard.versions())}.",
        rich_help_panel=_BEHAVIOUR,
    ),
]

Tenants = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Serve N tenants on one port: tenant-1, tenant-2, …, each with its own data and token.",
        rich_help_panel=_SERVER,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--write-config",
        metavar="FILE",
        help="With --tenants: write a configuration file of all tenants, with their tokens in a folder beside it.",
        rich_help_panel=_SERVER,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the list as JSON.", rich_help_panel=_BEHAVIOUR)]

_OF: Final = "@"
"""Parts a value from the tenant that it is for."""

_MIN_USERS_WITH_PROGRESS: Final = 2_000
"""Smaller districts are built before a progress bar could be seen."""


class _TerminatedError(Exception):
    """The process received SIGTERM."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    cls = command_class(details={"profile": _profile_names}, names=("fault", "variant"))
    app.command("sandbox", help=HELP, cls=cls)(sandbox)


def _profile_names() -> str:
    return f"Names: {', '.join(Standard.of().specification.profiles)}."


def sandbox(
    size: Sizes = ["small"],  # noqa: B006  # as below
    seed: Seed = 1,
    port: Port = 0,
    profile: Profile = "standard",
    standard: StandardVersion = DEFAULT,
    token: Token = None,
    fault: Faults = [],  # noqa: B006  # typer reads the default and never changes it
    list_faults: ListFaults = False,
    variant: VariantNames = [],  # noqa: B006  # typer reads the default and never changes it
    list_variants: ListVariants = False,
    as_json: AsJson = False,
    tenants: Tenants = None,
    write_config: ConfigFile = None,
) -> None:
    """Serve a tenant until interrupted, or list the faults or variants."""
    if list_faults or list_variants:
        _print_list(_fault_list() if list_faults else _variant_list(), as_json)
        return
    if as_json:
        fail("sandbox", "--json belongs to --list-faults or --list-variants", USAGE)
    if token is not None and not token.strip():
        fail("sandbox", "--token is empty", USAGE)
    try:
        version = Standard.of(standard)
    except ConfigurationError as error:
        fail("sandbox", str(error), USAGE)
    if tenants is None:
        _refuse_options_of_many_tenants(write_config, size, fault)
        _serve(lambda progress: _one_tenant(size[-1], seed, port, profile, version, token, fault, variant, progress))
    else:
        _serve(
            lambda _: _many_tenants(tenants, size, seed, port, profile, version, token, fault, variant, write_config)
        )


def _refuse_options_of_many_tenants(config: Path | None, sizes: list[str], faults: list[str]) -> None:
    if config is not None:
        fail("sandbox", "--write-config belongs to --tenants", USAGE)
    for text in (*sizes, *faults):
        if _OF in text:
            fail("sandbox", f"{text}: there are no names of tenants without --tenants", USAGE)


def _serve(serve: Callable[[Callable[[int, int], None]], AbstractContextManager[Callable[[], None]]]) -> None:
    """Serve until interrupted or terminated.

    Args:
        serve: Serves, and prints how to reach what is served; it is given the callback of the progress bar.
    """
    from oneroster.sandbox.http_server import PortError

    with ExitStack() as stack:
        try:
            with _progress() as progress:
                serving = stack.enter_context(serve(progress))
        except PortError as error:
            fail("sandbox", f"{error.strerror}; choose another --port, or 0 for any free port", USAGE)
        except ValueError as error:
            fail("sandbox", str(error), USAGE)
        except OSError as error:
            what = f"cannot write {error.filename}" if error.filename else "cannot start"
            fail("sandbox", f"{what}: {error.strerror}", USAGE)
        with _until_terminated():
            serving()
            threading.Event().wait()


@contextmanager
def _one_tenant(
    size: str,
    seed: int,
    port: int,
    profile: str,
    standard: Standard,
    token: str | None,
    faults: list[str],
    variants: list[str],
    progress: Callable[[int, int], None],
) -> Iterator[Callable[[], None]]:
    from oneroster.sandbox.auth.authentication import SandboxCredentials
    from oneroster.sandbox.server import Sandbox
    from oneroster.sandbox.store.database import default_cache
    from oneroster.sandbox.variants import variants_by_name

    with Sandbox(
        size,
        seed,
        profile,
        faults,
        port,
        standard=standard,
        variants=variants_by_name(variants),
        credentials=SandboxCredentials(token=token) if token else None,
        cache=default_cache(),
        progress=progress,
    ) as tenant:
        yield lambda: _print_access(tenant, faults, variants)


@contextmanager
def _many_tenants(
    tenants: int,
    sizes: list[str],
    seed: int,
    port: int,
    profile: str,
    standard: Standard,
    token: str | None,
    faults: list[str],
    variants: list[str],
    config: Path | None,
) -> Iterator[Callable[[], None]]:
    from oneroster.sandbox.many_tenants import MultiTenantSandbox, tenant_name
    from oneroster.sandbox.store.database import default_cache
    from oneroster.sandbox.variants import variants_by_name

    of_all, of_one = _by_tenant(faults)
    common, special = _by_tenant(sizes)
    with MultiTenantSandbox(
        tenants,
        (common or ["small"])[-1],
        seed,
        faults={tenant_name(number): of_all for number in range(1, tenants + 1) if of_all}
        | {name: [*of_all, *chosen] for name, chosen in of_one.items()},
        sizes={name: chosen[-1] for name, chosen in special.items()},
        port=port,
        profile=profile,
        standard=standard,
        variants=variants_by_name(variants),
        token=token,
        cache=default_cache(),
    ) as sandbox:
        if config is not None:
            sandbox.write_config(config)
        yield lambda: _print_tenants(sandbox, config)


def _by_tenant(values: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the values for all tenants, and those of the form ``VALUE@TENANT`` by tenant."""
    of_all: list[str] = []
    of_one: dict[str, list[str]] = {}
    for text in values:
        value, _, tenant = text.partition(_OF)
        (of_one.setdefault(tenant, []) if tenant else of_all).append(value)
    return of_all, of_one


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the store of a larger district is built."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Building the district"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=None)

    def show(done: int, users: int) -> None:
        if users >= _MIN_USERS_WITH_PROGRESS:
            bar.start()
            bar.update(task, completed=done, total=users)

    try:
        yield show
    finally:
        bar.stop()


def _print_access(tenant: "Sandbox", faults: list[str], variants: list[str]) -> None:
    lines = {
        "base URL": tenant.base_url,
        "token URL": tenant.token_url,
        "client id": tenant.client_id,
        "client secret": tenant.client_secret,
        "token": tenant.token,
    }
    if faults:
        lines["faults"] = ", ".join(faults)
    if variants:
        lines["variants"] = ", ".join(variants)
    for name, value in lines.items():
        typer.echo(f"{name + ':':<15}{value}")
    typer.echo(f"\ncurl -H 'Authorization: Bearer {tenant.token}' '{tenant.base_url}/students?limit=3'\n")
    typer.echo("Press Ctrl-C to stop.")


def _print_tenants(sandbox: "MultiTenantSandbox", config: Path | None) -> None:
    names = list(sandbox.tenants)
    tenant = sandbox.tenants[names[0]]
    lines = {
        "tenants": names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}",
        "base URL": tenant.base_url,
        "token": tenant.token,
    }
    if config is not None:
        lines["configuration"] = str(config)
    for name, value in lines.items():
        typer.echo(f"{name + ':':<15}{value}")
    if config is not None:
        typer.echo(f"\noneroster pull --tenants {shlex.quote(str(config))} --to rosters\n")
    typer.echo("Press Ctrl-C to stop.")


@contextmanager
def _until_terminated() -> Iterator[None]:
    """Leave the block without an error on SIGTERM, which is how a service is stopped; Ctrl-C is an interrupt."""

    def terminate(_number: int, _frame: object) -> None:
        raise _TerminatedError

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except _TerminatedError:
        typer.echo("Stopped.")
    finally:
        signal.signal(signal.SIGTERM, before)


def _fault_list() -> list[dict[str, str]]:
    from oneroster.sandbox.faults import FAULTS

    return [
        {
            "fault": fault.name,
            "effect": fault.does,
            "violates": fault.breaks,
            "versions": _versions(fault.needs.missing_from),
        }
        for fault in FAULTS.values()
    ]


def _variant_list() -> list[dict[str, str]]:
    from oneroster.sandbox.variants import VARIANTS
    from oneroster.sandbox.version_features import missing_features

    return [
        {
            "variant": name,
            "effect": variant.does,
            "versions": _versions(partial(missing_features, variant.features)),
        }
        for name, variant in VARIANTS.items()
    ]


def _versions(missing: "Callable[[Specification], list[str]]") -> str:
    """Return the versions of the standard in which nothing is missing, as in ``1.1, 1.2``."""
    return ", ".join(version for version in Standard.versions() if not missing(Standard.of(version).specification))


def _print_list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_lines(rows)
