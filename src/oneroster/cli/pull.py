"""`oneroster pull`: a whole roster, exactly once, to files or a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from typer.core import TyperCommand

from oneroster.cli import USAGE
from oneroster.cli._tenant_options import (
    BaseUrl,
    ClientId,
    ClientSecret,
    Config,
    Given,
    Tenant,
    Token,
    TokenUrl,
    UseSandbox,
    opened,
)
from oneroster_v1p1.tables import PROFILES

if TYPE_CHECKING:
    from oneroster.pull.options import PullOptions

HELP = """Pull a whole roster to a place: every collection that the tenant offers, every row exactly once.

The place is a file or a folder, its format told by its name: `.zip` OneRoster CSV, `.duckdb`, `.sqlite`, `.parquet`,
`.ndjson`, `.ndjson.gz`, `.ndjson.zst` (the last four are folders); `--format csv` makes a folder of CSV.
Until the new roster is whole and checked, the place keeps the old one. Passwords are left out unless asked for.

Exit status: 0 the roster is in place, 1 it could not be pulled, 2 wrong usage, 3 it came whole but looks wrong and was
not put in place (see `--accept-shrink`), 130 interrupted. In all cases but 0, what was in place before is as it was.

Examples:

- `oneroster pull --sandbox --to roster.parquet` pulls the embedded tenant

- `oneroster pull --tenant springfield --to roster.duckdb` with the tenant from `oneroster.toml`

- `oneroster pull --tenant springfield --to roster.duckdb --since last` fetches what changed since, and brings it up to
  date

- `oneroster pull --sandbox --to roster.zip --without results --active --drop-personal`

- `oneroster pull --sandbox --to teachers.ndjson --only users --filter users "role='teacher'"`

- `oneroster pull --tenants oneroster.toml --to rosters --format parquet` pulls all tenants of a file side by side
"""

INTERRUPTED: Final = 130
FAILED: Final = 1
GUARDED: Final = 3

_WHAT: Final = "What to pull"
_SINCE: Final = "Changes alone"
_GUARD: Final = "How wrong it may look"
_PACE: Final = "How fast"
_PERCENT: Final = 100

To = Annotated[str, typer.Option("--to", metavar="PLACE", help="The file or folder to make or replace.")]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        help="csv, ndjson, ndjson.gz, ndjson.zst, parquet, duckdb or sqlite.",
        show_default="told by the name of the place",
    ),
]
Profile = Annotated[str, typer.Option(help=f"The dialect: {' or '.join(PROFILES)}.")]
Only = Annotated[
    list[str],
    typer.Option(metavar="COLLECTION", help="This collection and no other; can be repeated.", rich_help_panel=_WHAT),
]
Without = Annotated[
    list[str], typer.Option(metavar="COLLECTION", help="Not this collection; can be repeated.", rich_help_panel=_WHAT)
]
Schools = Annotated[
    list[str],
    typer.Option(
        "--school",
        metavar="ID",
        help="What belongs to this school, and all that it refers to; can be repeated.",
        rich_help_panel=_WHAT,
    ),
]
Active = Annotated[bool, typer.Option("--active", help="Leave out records that are not active.", rich_help_panel=_WHAT)]
Columns = Annotated[
    list[str],
    typer.Option(
        metavar="COLLECTION=NAMES",
        help="Of this collection these columns, parted by commas; can be repeated.",
        rich_help_panel=_WHAT,
    ),
]
DropPersonal = Annotated[
    bool,
    typer.Option("--drop-personal", help="Leave out all personal columns, and demographics.", rich_help_panel=_WHAT),
]
WithPassword = Annotated[bool, typer.Option("--with-password", help="Keep passwords.", rich_help_panel=_WHAT)]
Filters = Annotated[
    list[str],
    typer.Option(
        "--filter",
        metavar="COLLECTION EXPRESSION",
        help="Ask the tenant for part of a collection; can be repeated.",
        rich_help_panel=_WHAT,
    ),
]
Since = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="Fetch what changed since a time with its zone, or since the last pull: last.",
        rich_help_panel=_SINCE,
    ),
]
Overlap = Annotated[
    float, typer.Option(min=0, metavar="HOURS", help="Ask for changes this much earlier.", rich_help_panel=_SINCE)
]
Base = Annotated[
    str,
    typer.Option(
        metavar="PLACE",
        help="The whole roster of before.",
        show_default="the one at the place, unless that is CSV",
        rich_help_panel=_SINCE,
    ),
]
Delta = Annotated[
    bool,
    typer.Option("--delta", help="Write only the changes, instead of the updated roster.", rich_help_panel=_SINCE),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an unfinished pull to this place ended.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be fetched; one small request each.")]
AcceptShrink = Annotated[
    bool,
    typer.Option("--accept-shrink", help="Put it in place however many rows are gone.", rich_help_panel=_GUARD),
]
MaxShrink = Annotated[
    float,
    typer.Option(min=0, max=100, metavar="PERCENT", help="Rows that a collection may lose.", rich_help_panel=_GUARD),
]
MaxUnreadable = Annotated[
    float,
    typer.Option(
        min=0,
        max=100,
        metavar="PERCENT",
        help="Records of a collection with something unreadable.",
        rich_help_panel=_GUARD,
    ),
]
MaxUnresolved = Annotated[
    float,
    typer.Option(
        min=0, max=100, metavar="PERCENT", help="References of a collection that lead nowhere.", rich_help_panel=_GUARD
    ),
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.", rich_help_panel=_PACE)]
Rate = Annotated[
    float | None, typer.Option(min=0.01, help="Requests a second.", show_default="no bound", rich_help_panel=_PACE)
]
PageSize = Annotated[int, typer.Option(min=1, help="Rows to ask for at a time.", rich_help_panel=_PACE)]
Tenants = Annotated[str, typer.Option(metavar="FILE", help="Pull all tenants of this file; --to is a folder.")]


class _Command(TyperCommand):
    """Typer has no words for an option of two values that can be repeated; the library below it has."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for parameter in self.params:
            if parameter.name == "filter_":
                parameter.nargs = 2


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("pull", help=HELP, cls=_Command)(pull)


def pull(
    to: To = "",
    format_: Format = "",
    profile: Profile = "standard",
    only: Only = [],  # noqa: B006  # typer reads the default and never changes it
    without: Without = [],  # noqa: B006  # typer reads the default and never changes it
    school: Schools = [],  # noqa: B006  # typer reads the default and never changes it
    active: Active = False,
    columns: Columns = [],  # noqa: B006  # typer reads the default and never changes it
    drop_personal: DropPersonal = False,
    with_password: WithPassword = False,
    filter_: Filters = [],  # noqa: B006  # typer reads the default and never changes it
    since: Since = "",
    overlap: Overlap = 24.0,
    base: Base = "",
    delta: Delta = False,
    resume: Resume = False,
    dry_run: DryRun = False,
    accept_shrink: AcceptShrink = False,
    max_shrink: MaxShrink = 20.0,
    max_unreadable: MaxUnreadable = 1.0,
    max_unresolved: MaxUnresolved = 5.0,
    workers: Workers = 4,
    rate: Rate = None,
    page_size: PageSize = 1000,
    tenants: Tenants = "",
    base_url: BaseUrl = None,
    token: Token = None,
    client_id: ClientId = None,
    client_secret: ClientSecret = None,
    token_url: TokenUrl = None,
    tenant: Tenant = None,
    config: Config = None,
    sandbox: UseSandbox = False,
) -> None:
    """Pull one roster, or those of many tenants, and end with the status that says how it went."""
    with _refusing():
        from oneroster.pagination.walk import Paging
        from oneroster.pull.options import PullOptions
        from oneroster.pull.plan import RosterSelection
        from oneroster.pull.sanity_checks import SanityLimits

        choice = RosterSelection(
            _parted(only),
            _parted(without),
            school,
            active,
            _columns_of(columns),
            drop_personal,
            with_password,
            _filters_of(filter_),
        )
        settings = PullOptions(
            format_ or None,
            profile,
            choice,
            since or None,
            timedelta(hours=overlap),
            Path(base) if base else None,
            delta,
            SanityLimits(max_shrink / _PERCENT, max_unreadable / _PERCENT, max_unresolved / _PERCENT),
            accept_shrink,
            resume,
            workers,
            rate,
            Paging(limit=page_size, windows=workers),
        )
        given = Given(base_url, token, client_id, client_secret, token_url, tenant, config)
        if tenants:
            _pull_tenants(tenants, to, settings, given, sandbox)
        elif dry_run:
            _say_what(given, sandbox, to, settings)
        else:
            _pull_one(given, sandbox, to, settings)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit status."""
    from oneroster.errors import ConfigurationError, FilterError, OneRosterError

    try:
        import pyarrow as pa

        # Arrow's own pools keep what was freed for the next batch; that is a third of what a large pull needs.
        pa.set_memory_pool(pa.system_memory_pool())
        yield
    except (ConfigurationError, FilterError) as error:
        _refuse(str(error), USAGE)
    except OneRosterError as error:
        guarded = type(error).__name__ == "GuardError"
        _refuse(str(error), GUARDED if guarded else FAILED)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pyarrow", "duckdb"):
            raise
        _refuse(f'{error.name} is not installed; run pip install "oneroster-kit[pull]"', USAGE)
    except KeyboardInterrupt:
        typer.echo("oneroster pull: interrupted; --resume goes on from here", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _refuse(reason: str, status: int) -> NoReturn:
    typer.echo(f"oneroster pull: {reason}", err=True)
    raise typer.Exit(status)


def _usage(reason: str) -> NoReturn:
    _refuse(reason, USAGE)


def _parted(given: list[str]) -> list[str]:
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


def _columns_of(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        collection, equals, names = text.partition("=")
        if not equals:
            _usage(f"--columns {text!r} names no columns; write it as in users=givenName,familyName")
        found.setdefault(collection.strip(), []).extend(_parted([names]))
    return found


def _filters_of(given: list[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for collection, expression in given:
        if collection in found:
            _usage(f"--filter names {collection} twice; join the two by AND")
        found[collection] = expression
    return found


def _pull_one(given: Given, sandbox: bool, to: str, settings: "PullOptions") -> None:
    from oneroster.cli._pull_display import displayed, show_report
    from oneroster.pull.fetch.staging import staging_folder
    from oneroster.pull.job import pull as fetch

    if not to:
        _usage("say where to: --to PLACE")
    place = Path(to)
    unfinished = staging_folder(place)
    if unfinished.is_dir() and not settings.resume:
        typer.echo(f"note: an unfinished pull in {unfinished} is thrown away; --resume would go on with it", err=True)
    with opened(given, sandbox) as roster, displayed() as progress:
        report = fetch(roster, place, settings, progress(""))
    show_report(report, Console(highlight=False))


def _pull_tenants(config: str, to: str, settings: "PullOptions", given: Given, sandbox: bool) -> None:
    from oneroster.cli._pull_display import displayed, show_tenants
    from oneroster.pull.errors import GuardError
    from oneroster.pull.tenants import pull_tenants

    if sandbox or any(given) or settings.base is not None:
        _usage("--tenants names the tenants; leave out what names another, and --base")
    if not to:
        _usage("say where to: --to FOLDER")
    with displayed() as progress:
        try:
            results = pull_tenants(config, to, settings, progress)
        except OSError as error:
            _refuse(f"{to} cannot be made: {error.strerror}", FAILED)
    show_tenants(results, Console(highlight=False))
    failures = [result for result in results.values() if isinstance(result, Exception)]
    if failures:
        raise typer.Exit(GUARDED if all(isinstance(error, GuardError) for error in failures) else FAILED)


def _say_what(given: Given, sandbox: bool, to: str, settings: "PullOptions") -> None:
    from oneroster.cli._pull_display import show_plan
    from oneroster.pull.dry_run import preview

    with opened(given, sandbox) as roster:
        show_plan(preview(roster, settings, Path(to) if to else None), Console(highlight=False))
