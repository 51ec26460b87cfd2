"""`oneroster get`: read and show records of a tenant."""

import json
from collections.abc import Iterator
from typing import Annotated, Final, Literal

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.cli._lists import print_lines
from oneroster.cli._tenant_options import NO_TENANT, TENANT_PANEL, TenantOptions, opened, takes_tenant
from oneroster.errors import ConfigurationError, FilterError, OneRosterError, WriteError
from oneroster.settings import variable_of

HELP = f"""{COMMANDS["get"].summary}

Personal data is masked: names, email addresses, grades and all other personal values show as `***` unless
`--show-personal` is given. Passwords are always masked.

Exit status: 0 success, 1 the tenant rejected the request or could not be read, 2 wrong usage, 130 interrupted.

Examples:

- `oneroster get --list` lists all read operations and the ids they take

- `oneroster get students --sandbox --limit 5` shows five students of the embedded sandbox

- `oneroster get users --sandbox --filter "role='teacher'" --fields sourcedId,role,orgs --format ndjson`

- `oneroster get classes --sandbox --sort title --limit 0 --format csv` shows all classes

- `oneroster get enrollments-for-class-in-school SCHOOL CLASS --tenant springfield` takes the ids of the path as
  arguments, and the tenant from `oneroster.toml`

- `oneroster get class CLASS --tenant springfield` shows one record

- `oneroster get academic-sessions --sandbox --profile kimono` reads a path of the dialect of Kimono Cloud
"""

_FAILED: Final = 1

_SELECTION: Final = "Selection"
_OUTPUT: Final = "Output"


def _complete_name(incomplete: str) -> Iterator[tuple[str, str]]:
    from oneroster.inspection.short_operation_names import operations_by_short_name
    from oneroster.standard import Standard

    for name, operations in operations_by_short_name(Standard.of().specification).items():
        if name.startswith(incomplete):
            yield name, operations[0].summary


Name = Annotated[
    str, typer.Argument(help="The operation: students, class, terms-for-school, …", autocompletion=_complete_name)
]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="The sourcedIds in the path of the operation.")
]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="EXPRESSION",
        help="A OneRoster filter, as in \"status='active' AND role='student'\".",
        rich_help_panel=_SELECTION,
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(metavar="NAMES", help="Only these fields (repeatable, or with commas).", rich_help_panel=_SELECTION),
]
Sort = Annotated[str | None, typer.Option(metavar="NAME", help="The field to sort by.", rich_help_panel=_SELECTION)]
OrderBy = Annotated[
    Literal["asc", "desc"] | None, typer.Option(help="The sort order.", show_default="asc", rich_help_panel=_SELECTION)
]
Limit = Annotated[int, typer.Option(min=0, help="Maximum number of records; 0 for all.", rich_help_panel=_SELECTION)]
Format = Annotated[
    Literal["table", "json", "csv", "ndjson"],
    typer.Option("--format", help="The output format.", rich_help_panel=_OUTPUT),
]
ShowPersonal = Annotated[
    bool, typer.Option("--show-personal", help="Show personal values unmasked.", rich_help_panel=_OUTPUT)
]
ListReads = Annotated[bool, typer.Option("--list", help="List all read operations and exit.", rich_help_panel=_OUTPUT)]
AsJson = Annotated[
    bool, typer.Option("--json", help="The same as --format json, also for --list.", rich_help_panel=_OUTPUT)
]


def _profile_names() -> list[str]:
    from oneroster.standard import Standard

    return sorted({name for each in Standard.versions() for name in Standard.of(each).specification.profiles})


Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"The name of the tenant's dialect. [env: {variable_of('profile')}]",
        show_default="standard",
        autocompletion=_profile_names,
        rich_help_panel=TENANT_PANEL,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    cls = command_class(names=("fields",), details={"profile": lambda: f"Names: {', '.join(_profile_names())}."})
    app.command("get", help=HELP, cls=cls)(get)


@takes_tenant
def get(
    name: Name = "",
    ids: Ids = None,
    filter_: Filter = None,
    fields: Fields = None,
    sort: Sort = None,
    order_by: OrderBy = None,
    limit: Limit = 20,
    format_: Format = "table",
    show_personal: ShowPersonal = False,
    list_: ListReads = False,
    as_json: AsJson = False,
    profile: Profile = None,
    chosen: TenantOptions = NO_TENANT,
) -> None:
    """Read records of a tenant and show them, or list the read operations."""
    if list_:
        _list_operations(chosen, profile, as_json or format_ == "json")
        return
    from oneroster.cli._error_hints import with_hint
    from oneroster.cli._get_records import (
        ReadRequest,
        RetryLines,
        arguments_of,
        check_name,
        operation_to_read,
        profile_specification,
        show,
    )
    from oneroster.inspection.short_operation_names import UnknownReadError

    options = {"filter": filter_, "fields": ",".join(fields or ()) or None, "sort": sort, "orderBy": order_by}
    try:
        check_name(name, len(ids or []))
        with opened(chosen, profile) as roster:
            roster.session.on_retry = RetryLines()
            operation = operation_to_read(name, ids or [], options, profile_specification(roster, profile))
            request = ReadRequest(roster, operation, arguments_of(operation, ids or [], options), limit)
            show(request, "json" if as_json else format_, show_personal)
    except (UnknownReadError, ConfigurationError, FilterError, WriteError) as error:
        fail("get", str(error), USAGE)
    except OneRosterError as error:
        fail("get", with_hint(error, "get"), _FAILED)


def _list_operations(chosen: TenantOptions, profile: str | None, as_json: bool) -> None:
    from oneroster.inspection.short_operation_names import named_reads, of_profile, path_parameters
    from oneroster.standard import DEFAULT, Standard

    try:
        standard = Standard.of(chosen.settings.get("standard", DEFAULT))
        served = of_profile(standard.specification, standard.known_profile(profile)) if profile else None
    except ConfigurationError as error:
        fail("get", str(error), USAGE)
    operations = list(named_reads(served or standard.specification))
    if as_json:
        found = [
            {"name": name, "ids": list(path_parameters(each)), "summary": each.summary} for name, each in operations
        ]
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    print_lines(
        [
            {
                "name": name,
                "ids": " ".join(map(str.upper, path_parameters(operation))),
                "summary": operation.summary,
            }
            for name, operation in operations
        ]
    )
