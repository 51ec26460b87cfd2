"""`oneroster pull`: pull a whole roster to files or a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.cli._filter_syntax import FilterFormError, fields_of_filter
from oneroster.cli._pull_options import (
    AcceptDuplicates,
    AcceptShrink,
    Active,
    AsStandard,
    Base,
    Columns,
    Delta,
    DropPersonal,
    DryRun,
    Filters,
    Format,
    IgnoreTotal,
    MaxLeftOut,
    MaxShrink,
    MaxUnreadable,
    MaxUnresolved,
    Only,
    Overlap,
    PageSize,
    Profile,
    Prune,
    Rate,
    Resume,
    Schools,
    Since,
    StagingFolder,
    Tenants,
    To,
    Without,
    WithPassword,
    Workers,
    profile_names,
)
from oneroster.cli._tenant_options import NO_TENANT, TenantOptions, opened, takes_tenant

if TYPE_CHECKING:
    from oneroster.pull.options import PullOptions

HELP = f"""{COMMANDS["pull"].summary}

The suffix of the destination selects the format: `.zip` OneRoster CSV, `.duckdb`, `.sqlite`, `.parquet`, `.ndjson`,
`.ndjson.gz`, `.ndjson.zst` (the last four are folders). `--format csv` writes a folder of CSV files. Folders can be on
an object store (`s3://`, `gs://`, `abfss://`). The existing roster is replaced atomically, after every row has been
fetched and validated. Passwords are left out by default.

Exit status: 0 success, 1 the pull failed, 2 wrong usage, 3 the roster exceeds a sanity limit and was not published (see
`--accept-shrink` and the options `--max-…`), 130 interrupted. Except with 0, the existing roster is unchanged.

Examples:

- `oneroster pull --sandbox --to roster.parquet` pulls the embedded sandbox

- `oneroster pull --tenant springfield --to roster.duckdb` pulls a tenant of `oneroster.toml`

- `oneroster pull --tenant springfield --to roster.duckdb --since last` fetches the changes since the last pull and
  updates the roster

- `oneroster pull --sandbox --to roster.zip --without results --active --drop-personal`

- `oneroster pull --sandbox --to teachers.ndjson --only users --filter users "role='teacher'"`

- `oneroster pull --tenants oneroster.toml --to rosters --format parquet` pulls all tenants of a file in parallel
"""

FAILED: Final = 1
EXCEEDED: Final = 3

_RENAMED: Final = {"--only-changes": "--delta"}
"""Options of earlier releases, and what they are called now."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    cls = command_class(
        renamed=_RENAMED,
        details={"profile": lambda: f"Names: {', '.join(profile_names())}."},
        names=("only", "without"),
        pairs=("filter_",),
        hint="run again with --resume to continue",
    )
    app.command("pull", help=HELP, cls=cls)(pull)


@takes_tenant
def pull(
    to: To = "",
    format_: Format = "",
    as_: AsStandard = "",
    profile: Profile = "",
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
    staging: StagingFolder = "",
    prune: Prune = None,
    dry_run: DryRun = False,
    accept_shrink: AcceptShrink = False,
    accept_duplicates: AcceptDuplicates = False,
    ignore_total: IgnoreTotal = False,
    max_shrink: MaxShrink = [],  # noqa: B006  # typer reads the default and never changes it
    max_left_out: MaxLeftOut = [],  # noqa: B006  # typer reads the default and never changes it
    max_unreadable: MaxUnreadable = [],  # noqa: B006  # typer reads the default and never changes it
    max_unresolved: MaxUnresolved = [],  # noqa: B006  # typer reads the default and never changes it
    workers: Workers = 4,
    rate: Rate = None,
    page_size: PageSize = 1000,
    tenants: Tenants = "",
    chosen: TenantOptions = NO_TENANT,
) -> None:
    """Pull the roster of one tenant or of many, and exit with a status."""
    with _exit_on_errors():
        from oneroster.cli._sanity_limits import sanity_limits
        from oneroster.pagination.walk import Paging
        from oneroster.pull.incremental.watermark import LAST_PULL, requested_time
        from oneroster.pull.options import PullOptions
        from oneroster.pull.plan import RosterSelection

        selection = RosterSelection(
            only,
            without,
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
            selection,
            since or None,
            timedelta(hours=overlap),
            base or None,
            delta,
            sanity_limits(
                {
                    "shrink": max_shrink,
                    "left_out": max_left_out,
                    "unreadable": max_unreadable,
                    "unresolved": max_unresolved,
                }
            ),
            accept_shrink,
            resume,
            workers,
            rate,
            Paging(page_size, workers, trust_total=not ignore_total, accept_duplicates=accept_duplicates),
            staging=Path(staging) if staging else None,
            prune=None if prune is None else timedelta(hours=prune),
            as_standard=as_ or None,
        )
        if settings.since not in (None, LAST_PULL):
            requested_time(since, settings.overlap)  # wrong usage is reported before anything is sent
        if tenants:
            _pull_tenants(tenants, to, settings, chosen)
        elif dry_run:
            _preview(chosen, to, settings)
        else:
            _pull_one(chosen, to, settings)


@contextmanager
def _exit_on_errors() -> Iterator[None]:
    """Turn errors into a message and an exit status."""
    from oneroster.cli._error_hints import with_hint
    from oneroster.errors import ConfigurationError, FilterError, OneRosterError

    try:
        import pyarrow as pa

        # Arrow's own memory pools keep freed memory, a third of the peak of a large pull.
        pa.set_memory_pool(pa.system_memory_pool())
        yield
    except (ConfigurationError, FilterError) as error:
        _fail(str(error), USAGE)
    except OneRosterError as error:
        exceeded = type(error).__name__ == "GuardError"
        _fail(with_hint(error, "pull"), EXCEEDED if exceeded else FAILED)


def _fail(reason: str, status: int) -> NoReturn:
    fail("pull", reason, status)


def _usage_error(reason: str) -> NoReturn:
    _fail(reason, USAGE)


def _split_names(given: list[str]) -> list[str]:
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


def _columns_of(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        collection, equals, names = text.partition("=")
        if not equals:
            _usage_error(f"--columns {text!r} has no column names; use the form users=givenName,familyName")
        found.setdefault(collection.strip(), []).extend(_split_names([names]))
    return found


def _filters_of(given: list[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for collection, expression in given:
        if collection in found:
            _usage_error(f"--filter is given twice for {collection}; join the expressions with AND")
        try:
            fields_of_filter(expression)
        except FilterFormError as error:
            _usage_error(str(error))
        found[collection] = expression
    return found


def _pull_one(chosen: TenantOptions, to: str, settings: "PullOptions") -> None:
    from rich.console import Console

    from oneroster.cli._pull_display import show_progress, show_report
    from oneroster.pull.destination_path import as_destination_errors
    from oneroster.pull.destinations import destination_of, staged_path
    from oneroster.pull.fetch.staging import unfinished_pull
    from oneroster.pull.job import pull as pull_roster

    if not to:
        _usage_error("--to DESTINATION is missing")
    with as_destination_errors(Path(to), "examined"):
        destination_of(to, settings)
        unfinished = unfinished_pull(staged_path(to, settings.staging))
    if unfinished is not None and not settings.resume:
        typer.echo(
            f"note: the unfinished pull in {unfinished} is discarded when this one begins; --resume would continue it",
            err=True,
        )
    with opened(chosen) as roster, show_progress() as progress:
        report = pull_roster(roster, to, settings, progress(""))
    show_report(report, Console(highlight=False))


def _pull_tenants(config: str, to: str, settings: "PullOptions", chosen: TenantOptions) -> None:
    from rich.console import Console

    from oneroster.cli._pull_display import show_progress, show_tenants
    from oneroster.pull.errors import GuardError
    from oneroster.pull.tenants import pull_tenants

    if chosen.sandbox or chosen.given or settings.base is not None:
        _usage_error("--tenants cannot be combined with --base or with options of a single tenant")
    if not to:
        _usage_error("--to FOLDER is missing")
    with show_progress() as progress:
        try:
            results = pull_tenants(config, to, settings, progress)
        except OSError as error:
            _fail(f"{to} cannot be created: {error.strerror}", FAILED)
    show_tenants(results, Console(highlight=False), config)
    failures = [result for result in results.values() if isinstance(result, Exception)]
    if failures:
        raise typer.Exit(EXCEEDED if all(isinstance(error, GuardError) for error in failures) else FAILED)


def _preview(chosen: TenantOptions, to: str, settings: "PullOptions") -> None:
    from rich.console import Console

    from oneroster.cli._pull_display import show_preview
    from oneroster.pull.dry_run import preview

    with opened(chosen) as roster:
        show_preview(preview(roster, settings, to or None), Console(highlight=False))
