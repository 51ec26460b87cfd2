"""`oneroster sandbox`: serve a OneRoster tenant on this machine until Ctrl-C."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.cli._lists import print_lines
from oneroster.standard import Standard

if TYPE_CHECKING:
    from oneroster.sandbox.server import Sandbox

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
"""

_DATA: Final = "Data"
_SERVER: Final = "Server"
_BEHAVIOUR: Final = "Faults and variants"

Size = Annotated[
    str,
    typer.Option(
        help="small (41 users), medium (4,001), large (100,003), or a number of users.", rich_help_panel=_DATA
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
        help="Enable these faults (repeatable, or with commas).",
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

AsJson = Annotated[bool, typer.Option("--json", help="Print the list as JSON.", rich_help_panel=_BEHAVIOUR)]

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
    size: Size = "small",
    seed: Seed = 1,
    port: Port = 0,
    profile: Profile = "standard",
    token: Token = None,
    fault: Faults = [],  # noqa: B006  # typer reads the default and never changes it
    list_faults: ListFaults = False,
    variant: VariantNames = [],  # noqa: B006  # typer reads the default and never changes it
    list_variants: ListVariants = False,
    as_json: AsJson = False,
) -> None:
    """Serve a tenant until interrupted, or list the faults or variants."""
    if list_faults or list_variants:
        _print_list(_fault_list() if list_faults else _variant_list(), as_json)
        return
    if as_json:
        fail("sandbox", "--json belongs to --list-faults or --list-variants", USAGE)
    if token is not None and not token.strip():
        fail("sandbox", "--token is empty", USAGE)
    from oneroster.sandbox.auth.authentication import SandboxCredentials
    from oneroster.sandbox.server import PortError, Sandbox
    from oneroster.sandbox.store.database import default_cache
    from oneroster.sandbox.variants import variants_by_name

    with ExitStack() as stack:
        try:
            with _progress() as progress:
                variants = variants_by_name(variant)
                tenant = stack.enter_context(
                    Sandbox(
                        size,
                        seed,
                        profile,
                        fault,
                        port,
                        variants=variants,
                        credentials=SandboxCredentials(token=token) if token else None,
                        cache=default_cache(),
                        progress=progress,
                    )
                )
        except PortError as error:
            fail("sandbox", f"{error.strerror}; choose another --port, or 0 for any free port", USAGE)
        except ValueError as error:
            fail("sandbox", str(error), USAGE)
        except OSError as error:
            fail("sandbox", f"cannot start: {error.strerror}", USAGE)
        with _until_terminated():
            _print_access(tenant, fault, variant)
            threading.Event().wait()


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

    return [{"fault": fault.name, "effect": fault.does, "violates": fault.breaks} for fault in FAULTS.values()]


def _variant_list() -> list[dict[str, str]]:
    from oneroster.sandbox.variants import VARIANTS

    return [{"variant": name, "effect": variant.does} for name, variant in VARIANTS.items()]


def _print_list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_lines(rows)
