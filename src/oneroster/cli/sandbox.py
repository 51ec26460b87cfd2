"""`oneroster sandbox`: a whole tenant on this machine, until Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from oneroster.cli import USAGE
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.server import PortError, Sandbox
from oneroster.sandbox.store.database import default_cache
from oneroster.sandbox.variants import VARIANTS, variants_by_name
from oneroster_v1p1.tables import PROFILES

HELP = """Serve a whole OneRoster 1.1 tenant on this machine: a made-up district, all operations, all ways in.

The same size and seed give the same district on every machine. What is written to it is gone when it ends.

Examples:

- `oneroster sandbox` serves 41 users on any free port

- `oneroster sandbox --size large --port 8080` serves a million enrollments; built once, kept for the next time

- `oneroster sandbox --profile kimono` speaks the dialect of Kimono Cloud

- `oneroster sandbox --fault lost-row --fault wrong-total` goes wrong on purpose, to see whether your code notices

- `oneroster sandbox --list-faults` says what it can do wrong

- `oneroster sandbox --variant page-cap --variant soft-delete` does what the standard leaves open another lawful way

- `oneroster sandbox --list-variants` says what it can do another way
"""

Size = Annotated[str, typer.Option(help="small (41 users), medium (4,001), large (100,003), or a number of users.")]
Seed = Annotated[int, typer.Option(help="Each seed gives another district, always the same one.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1; 0 takes any free port.")]
Profile = Annotated[str, typer.Option(help=f"The dialect: {' or '.join(PROFILES)}.")]
Faults = Annotated[list[str], typer.Option("--fault", metavar="NAME", help="Do this wrong; can be repeated.")]
ChosenVariants = Annotated[
    list[str], typer.Option("--variant", metavar="NAME", help="Do this another lawful way; can be repeated.")
]
ListVariants = Annotated[bool, typer.Option("--list-variants", help="Show the names of the variants, and end.")]
ListFaults = Annotated[bool, typer.Option("--list-faults", help="Show the names of the faults, and end.")]


_WORTH_A_BAR: Final = 2_000


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("sandbox", help=HELP)(sandbox)


def sandbox(
    size: Size = "small",
    seed: Seed = 1,
    port: Port = 0,
    profile: Profile = "standard",
    fault: Faults = [],  # noqa: B006  # typer reads the default and never changes it
    list_faults: ListFaults = False,
    variant: ChosenVariants = [],  # noqa: B006  # typer reads the default and never changes it
    list_variants: ListVariants = False,
) -> None:
    """Serve a tenant until interrupted, or list the faults and the variants it can have."""
    if list_faults or list_variants:
        Console().print(_table_of_faults() if list_faults else _table_of_variants())
        return
    with ExitStack() as stack:
        try:
            with _progress() as progress:
                variants = variants_by_name(variant)
                tenant = stack.enter_context(
                    Sandbox(
                        size, seed, profile, fault, port, variants=variants, cache=default_cache(), progress=progress
                    )
                )
        except PortError as error:
            _refuse(f"{error.strerror}; choose another --port, or 0 for any free one")
        except ValueError as error:
            _refuse(str(error))
        except OSError as error:
            _refuse(f"cannot keep the district in {default_cache()}: {error.strerror}")
        with _until_interrupted():
            _show(tenant, fault, variant)
            threading.Event().wait()
    typer.echo("Stopped.")


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"oneroster sandbox: {reason}", err=True)
    raise typer.Exit(USAGE)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """What the store tells while it builds, shown as a bar; small districts are done before it could be seen."""
    columns = (TextColumn("Building the district"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=None)

    def tell(done: int, users: int) -> None:
        if users >= _WORTH_A_BAR:
            bar.start()
            bar.update(task, completed=done, total=users)

    try:
        yield tell
    finally:
        bar.stop()


def _show(tenant: Sandbox, faults: list[str], variants: list[str]) -> None:
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
    typer.echo("Ctrl-C stops it.")


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Leave the block, without an error, on Ctrl-C and on the polite signal by which services are ended."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo()
    finally:
        signal.signal(signal.SIGTERM, before)


def _table_of_faults() -> Table:
    table = Table("fault", "what the server then does", "what that goes against", show_lines=True)
    for fault in FAULTS.values():
        table.add_row(Text(fault.name, no_wrap=True), Text(fault.does), Text(fault.breaks))
    return table


def _table_of_variants() -> Table:
    table = Table("variant", "what the server then does, lawfully")
    for name, variant in VARIANTS.items():
        table.add_row(Text(name, no_wrap=True), Text(variant.does))
    return table
