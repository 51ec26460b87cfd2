"""The options of `oneroster pull`, apart from those that name the tenant."""

from typing import Annotated, Final

import typer

from oneroster.settings import variable_of

__all__ = [
    "AcceptDuplicates",
    "AcceptShrink",
    "Active",
    "AsStandard",
    "Base",
    "Columns",
    "Delta",
    "DropPersonal",
    "DryRun",
    "Filters",
    "Format",
    "IgnoreTotal",
    "MaxLeftOut",
    "MaxShrink",
    "MaxUnreadable",
    "MaxUnresolved",
    "Only",
    "Overlap",
    "PageSize",
    "Profile",
    "Prune",
    "Rate",
    "Resume",
    "Schools",
    "Since",
    "StagingFolder",
    "Tenants",
    "To",
    "WithPassword",
    "Without",
    "Workers",
    "profile_names",
]

_TENANT: Final = "Tenant"
_DESTINATION: Final = "Destination"
_SELECTION: Final = "Selection"
_INCREMENTAL: Final = "Incremental pull"
_SANITY: Final = "Sanity limits"
_LIMITS: Final = "Limits"
_TEN_YEARS: Final = 87_600


def profile_names() -> list[str]:
    """Return the names that --profile accepts."""
    from oneroster.standard import Standard

    return list(Standard.of().specification.profiles)


To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="DESTINATION",
        help="The file or folder to create or replace; s3://, gs:// or abfss:// for an object store.",
        rich_help_panel=_DESTINATION,
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        help="The format: csv, ndjson, ndjson.gz, ndjson.zst, parquet, duckdb or sqlite.",
        show_default="from the destination",
        rich_help_panel=_DESTINATION,
    ),
]
AsStandard = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="VERSION",
        help="Write the roster in the form of this version of OneRoster, and count what has no form in it.",
        show_default="the version of the tenant",
        rich_help_panel=_DESTINATION,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Resume an unfinished pull to this destination.", rich_help_panel=_DESTINATION),
]
StagingFolder = Annotated[
    str,
    typer.Option(
        "--staging",
        metavar="FOLDER",
        help="Where to stage the rows for an object store.",
        show_default="the cache of the user",
        rich_help_panel=_DESTINATION,
    ),
]
Prune = Annotated[
    float | None,
    typer.Option(
        "--prune",
        min=0,
        max=_TEN_YEARS,
        metavar="HOURS",
        help="On an object store, delete the data of pulls that began more than this many hours ago and were replaced.",
        rich_help_panel=_DESTINATION,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="List what would be fetched, with one small request per collection, and write nothing.",
        rich_help_panel=_DESTINATION,
    ),
]
Profile = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=f"The name of the tenant's dialect. [env: {variable_of('profile')}]",
        show_default="standard",
        autocompletion=profile_names,
        rich_help_panel=_TENANT,
    ),
]
Tenants = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Pull every tenant of this file into the folder given by --to.",
        rich_help_panel=_TENANT,
    ),
]
Only = Annotated[
    list[str],
    typer.Option(
        metavar="COLLECTION", help="Only these collections (repeatable, or with commas).", rich_help_panel=_SELECTION
    ),
]
Without = Annotated[
    list[str],
    typer.Option(
        metavar="COLLECTION",
        help="Leave out these collections (repeatable, or with commas).",
        rich_help_panel=_SELECTION,
    ),
]
Schools = Annotated[
    list[str],
    typer.Option(
        "--school",
        metavar="ID",
        help="Only this school's records and the records they reference (repeatable).",
        rich_help_panel=_SELECTION,
    ),
]
Active = Annotated[
    bool, typer.Option("--active", help="Leave out records that are not active.", rich_help_panel=_SELECTION)
]
Columns = Annotated[
    list[str],
    typer.Option(
        metavar="COLLECTION=NAMES",
        help="Only these comma-separated columns of a collection (repeatable).",
        rich_help_panel=_SELECTION,
    ),
]
DropPersonal = Annotated[
    bool,
    typer.Option(
        "--drop-personal",
        help="Leave out all columns with personal data, and demographics.",
        rich_help_panel=_SELECTION,
    ),
]
WithPassword = Annotated[
    bool, typer.Option("--with-password", help="Keep the passwords of users.", rich_help_panel=_SELECTION)
]
Filters = Annotated[
    list[str],
    typer.Option(
        "--filter",
        metavar="COLLECTION EXPRESSION",
        help="Only the records of a collection that match a OneRoster filter (repeatable).",
        rich_help_panel=_SELECTION,
    ),
]
Since = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="Fetch only changes since a day (in UTC) or a time with time zone, or since the last pull with `last`.",
        rich_help_panel=_INCREMENTAL,
    ),
]
Overlap = Annotated[
    float,
    typer.Option(
        min=0,
        max=_TEN_YEARS,
        metavar="HOURS",
        help="Request changes from this many hours earlier.",
        rich_help_panel=_INCREMENTAL,
    ),
]
Base = Annotated[
    str,
    typer.Option(
        metavar="DESTINATION",
        help="The roster of an earlier pull to update.",
        show_default="the roster at the destination, unless it is CSV",
        rich_help_panel=_INCREMENTAL,
    ),
]
Delta = Annotated[
    bool,
    typer.Option("--delta", help="Write only the changes, not the updated roster.", rich_help_panel=_INCREMENTAL),
]
AcceptDuplicates = Annotated[
    bool,
    typer.Option(
        "--accept-duplicates",
        help="Accept records with the same sourcedId and different content; the first is kept, the others are listed.",
        rich_help_panel=_SANITY,
    ),
]
IgnoreTotal = Annotated[
    bool,
    typer.Option(
        "--ignore-total",
        help="Do not use X-Total-Count, for servers whose totals are wrong. Rows that are never sent go unnoticed.",
        rich_help_panel=_SANITY,
    ),
]
AcceptShrink = Annotated[
    bool,
    typer.Option("--accept-shrink", help="Accept the roster however many rows it has lost.", rich_help_panel=_SANITY),
]
MaxShrink = Annotated[
    list[str],
    typer.Option(
        metavar="[NAME=]PERCENT",
        help="Maximum share of rows that a file may lose (repeatable, also for one collection: users=50).",
        show_default="20",
        rich_help_panel=_SANITY,
    ),
]
MaxUnreadable = Annotated[
    list[str],
    typer.Option(
        metavar="[NAME=]PERCENT",
        help="Maximum share of fetched records with an unreadable value (repeatable, also for one property:"
        " users.email=50).",
        show_default="1",
        rich_help_panel=_SANITY,
    ),
]
MaxUnresolved = Annotated[
    list[str],
    typer.Option(
        metavar="[NAME=]PERCENT",
        help="Maximum share of references to no record, or of required ones without a value (repeatable, also for one"
        " property: lineItems.category=100).",
        show_default="5",
        rich_help_panel=_SANITY,
    ),
]
MaxLeftOut = Annotated[
    list[str],
    typer.Option(
        metavar="[NAME=]PERCENT",
        help="Maximum share of a file's rows that may be left out because the format cannot represent them (repeatable,"
        " also for one property: classes.terms=100).",
        show_default="1",
        rich_help_panel=_SANITY,
    ),
]
Workers = Annotated[
    int, typer.Option(min=1, max=64, help="Maximum number of concurrent requests.", rich_help_panel=_LIMITS)
]
Rate = Annotated[
    float | None,
    typer.Option(
        min=0.01, help="Maximum number of requests per second.", show_default="unlimited", rich_help_panel=_LIMITS
    ),
]
PageSize = Annotated[int, typer.Option(min=1, help="Rows to request per page.", rich_help_panel=_LIMITS)]
