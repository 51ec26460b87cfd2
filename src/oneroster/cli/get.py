"""`oneroster get`: read and show records of a tenant."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Final, Literal, NoReturn

import typer
from rich.console import Console

from oneroster.cli import USAGE
from oneroster.cli._tenant_options import NO_TENANT, TenantOptions, opened, takes_tenant
from oneroster.client import OneRoster
from oneroster.errors import ConfigurationError, FilterError, OneRosterError, WriteError
from oneroster.inspection.masking import mask_personal, mask_secrets
from oneroster.inspection.operation_names import (
    UnknownReadError,
    find_operation,
    operations_by_short_name,
    path_parameters,
    read_operations,
    short_name,
)
from oneroster.inspection.rendering import RECORD_WRITERS, print_table
from oneroster.operation_call import OperationCall
from oneroster.pages import WalkedPages
from oneroster.pagination.walk import Paging
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Specification

HELP = """Read records of a tenant with any read operation of OneRoster, and show the first ones.

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
"""

INTERRUPTED: Final = 130
_FAILED: Final = 1
_MAX_PAGE_SIZE: Final = Paging().limit

_SELECTION: Final = "Selection"
_OUTPUT: Final = "Output"


def _complete_name(incomplete: str) -> Iterator[tuple[str, str]]:
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
    str | None, typer.Option(metavar="NAMES", help="Only these comma-separated fields.", rich_help_panel=_SELECTION)
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


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("get", help=HELP)(get)


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
    chosen: TenantOptions = NO_TENANT,
) -> None:
    """Read records of a tenant and show them, or list the read operations."""
    standard = Standard.of()
    if list_:
        _list_operations(standard.specification)
        return
    options = {"filter": filter_, "fields": fields, "sort": sort, "orderBy": order_by}
    try:
        operation = _operation(standard.specification, name, ids or [], options)
        with opened(chosen) as roster:
            request = _ReadRequest(roster, standard, operation, _arguments(operation, ids or [], options), limit)
            _show(request, format_, show_personal)
    except (UnknownReadError, ConfigurationError, FilterError, WriteError) as error:
        _fail(str(error), USAGE)
    except OneRosterError as error:
        _fail(str(error), _FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _fail(reason: str, status: int) -> NoReturn:
    typer.echo(f"oneroster get: {reason}", err=True)
    raise typer.Exit(status)


def _arguments(operation: Operation, ids: Sequence[str], options: Mapping[str, str | None]) -> dict[str, str]:
    """Return the arguments of an operation by Python name."""
    attributes = {parameter.name: parameter.attribute for parameter in operation.parameters}
    given = {attributes[name]: value for name, value in options.items() if value is not None}
    return dict(zip(path_parameters(operation), ids, strict=True)) | given


def _operation(
    specification: Specification, name: str, ids: Sequence[str], options: Mapping[str, str | None]
) -> Operation:
    """Find the operation to call.

    Raises:
        UnknownReadError: There is no such operation, or it does not take one of the options.
    """
    if not name:
        raise UnknownReadError("the operation is missing, as in `oneroster get students`; --list shows all names")
    operation = find_operation(specification, name, len(ids))
    supported = {parameter.name for parameter in operation.parameters}
    given = {option for option, value in options.items() if value is not None}
    unsupported = ["--order-by" if option == "orderBy" else f"--{option}" for option in given - supported]
    if unsupported:
        raise UnknownReadError(
            f"{operation.operation_id} reads one record and does not take {', '.join(sorted(unsupported))}"
        )
    for field in (options["fields"] or "").split(","):
        _warn_about_unknown_field(specification, field.strip(), operation)
    return operation


def _warn_about_unknown_field(specification: Specification, field: str, operation: Operation) -> None:
    known = specification.elements[operation.element or ""].properties
    attributes = {found.attribute for found in known.values()}
    if field and field not in known and field not in attributes:
        similar = get_close_matches(field, known, n=1)
        hint = f"; did you mean {similar[0]}?" if similar else ""
        version = specification.version
        typer.echo(f"note: {operation.element} has no field {field!r} in OneRoster {version}{hint}", err=True)


class _ReadRequest:
    """One read of a tenant, and the number of records shown."""

    def __init__(
        self, roster: OneRoster, standard: Standard, operation: Operation, arguments: dict[str, str], limit: int
    ) -> None:
        self._specification = standard.specification
        self.operation = operation
        self.element = operation.element or ""
        self.shown = 0
        self.total: int | None = None
        self._arguments: dict[str, Any] = dict(arguments)
        if "fields" in arguments:
            # In a list, Python names are accepted as well as JSON names.
            self._arguments["fields"] = [field.strip() for field in arguments["fields"].split(",")]
        self._roster = roster
        self._limit = limit

    @property
    def columns(self) -> list[str]:
        """The fields to show, by JSON name."""
        properties = self._specification.elements[self.element].properties
        if "fields" not in self._arguments:
            return list(properties)
        by_attribute = {found.attribute: name for name, found in properties.items()}
        return [by_attribute.get(field, field) for field in self._arguments["fields"]]

    def records(self, show_personal: bool) -> Iterator[dict[str, Any]]:
        """Yield the records with the requested fields by JSON name, masked unless `show_personal` is set."""
        mask = mask_secrets if show_personal else mask_personal
        wanted = set(self.columns) if "fields" in self._arguments else None
        for record in self._read():
            self.shown += 1
            shown = mask(self._specification, self.element, record.to_dict())
            yield {name: value for name, value in shown.items() if wanted is None or name in wanted}

    def _read(self) -> Iterator[Any]:
        session = self._roster.session
        call = OperationCall(
            self._roster.standard, self.operation.operation_id, self._arguments, session.settings.base_url
        )
        if not self.operation.many:
            yield session.read(call.url(call.request()), call.read_record, self.operation.operation_id)
            return
        size = min(self._limit or _MAX_PAGE_SIZE, _MAX_PAGE_SIZE)
        pages: WalkedPages[Any] = WalkedPages(session, call, Paging(limit=size))
        yield from islice(pages, self._limit or None)
        self.total = pages.total


def _show(request: _ReadRequest, format_: str, show_personal: bool) -> None:
    records = request.records(show_personal)
    if format_ == "table":
        hidden = print_table(Console(), list(records), request.columns)
        if hidden:
            typer.echo(
                f"columns not shown: {', '.join(hidden)}; select columns with --fields, or use --format json", err=True
            )
    elif format_ == "json" and not request.operation.many:
        sys.stdout.write("".join(RECORD_WRITERS["json"](records, request.columns))[2:-3] + "\n")
    else:
        for text in RECORD_WRITERS[format_](records, request.columns):
            sys.stdout.write(text)
    if request.operation.many:
        known = "" if request.total is None or request.total == request.shown else f" of {request.total}"
        typer.echo(f"{request.shown}{known} {request.operation.wrapper}", err=True)


def _list_operations(specification: Specification) -> None:
    lines = [
        (short_name(operation), " ".join(map(str.upper, path_parameters(operation))), operation.summary)
        for operation in read_operations(specification)
    ]
    widths = [max(len(line[index]) for line in lines) for index in range(2)]
    for name, ids, summary in lines:
        typer.echo(f"{name:{widths[0]}}  {ids:{widths[1]}}  {summary}")
