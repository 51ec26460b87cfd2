"""`oneroster get`: a quick look at any read of a tenant."""

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Final, Literal, NoReturn

import typer
from rich.console import Console

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
from oneroster.client import OneRoster
from oneroster.errors import ConfigurationError, FilterError, OneRosterError, WriteError
from oneroster.inspection.masking import masked, without_secrets
from oneroster.inspection.read_names import UnknownReadError, find, names, path_parameters, reads, short_name
from oneroster.inspection.rendering import WRITERS, as_table
from oneroster.operation_call import OperationCall
from oneroster.pages import WalkedPages
from oneroster.pagination.walk import Paging
from oneroster_v1p1.tables import ELEMENTS, Operation

HELP = """Look at what a tenant serves: any read of OneRoster 1.1, a few records at a time.

Children's data is masked: names, mails, grades and all other personal values show as `***` unless `--show-personal`
is given, passwords always.

Exit status: 0 shown, 1 the tenant refused or could not be read, 2 wrong usage, 130 interrupted.

Examples:

- `oneroster get --list` names all reads and the ids they take

- `oneroster get students --sandbox --limit 5` shows five students of the embedded tenant

- `oneroster get users --sandbox --filter "role='teacher'" --fields sourcedId,role,orgs --format ndjson`

- `oneroster get classes --sandbox --sort title --limit 0 --format csv` shows all of them

- `oneroster get enrollments-for-class-in-school SCHOOL CLASS --tenant springfield` takes the ids of its path,
  and its tenant from `oneroster.toml`

- `oneroster get class CLASS --tenant springfield` shows one record
"""

INTERRUPTED: Final = 130
_FAILED: Final = 1
_LARGEST_PAGE: Final = Paging().limit


def _completed(incomplete: str) -> Iterator[tuple[str, str]]:
    for name, operations in names().items():
        if name.startswith(incomplete):
            yield name, operations[0].summary


Name = Annotated[
    str, typer.Argument(help="What to read: students, class, terms-for-school, …", autocompletion=_completed)
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="The sourcedIds that its path takes.")]
Filter = Annotated[
    str | None, typer.Option("--filter", metavar="EXPRESSION", help="As in \"status='active' AND role='student'\".")
]
Fields = Annotated[str | None, typer.Option(metavar="NAMES", help="Only these fields, parted by commas.")]
Sort = Annotated[str | None, typer.Option(metavar="NAME", help="The field by which the server sorts.")]
OrderBy = Annotated[Literal["asc", "desc"] | None, typer.Option(help="Upwards or downwards.", show_default="asc")]
Limit = Annotated[int, typer.Option(min=0, help="Records at most; 0 for all.")]
Format = Annotated[Literal["table", "json", "csv", "ndjson"], typer.Option("--format", help="How to show them.")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="Show personal values as they are.")]
ListReads = Annotated[bool, typer.Option("--list", help="Show the names of all reads, and end.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("get", help=HELP)(get)


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
    base_url: BaseUrl = None,
    token: Token = None,
    client_id: ClientId = None,
    client_secret: ClientSecret = None,
    token_url: TokenUrl = None,
    tenant: Tenant = None,
    config: Config = None,
    sandbox: UseSandbox = False,
) -> None:
    """Read from a tenant and show what came, or list the reads."""
    if list_:
        _list_reads()
        return
    given = Given(base_url, token, client_id, client_secret, token_url, tenant, config)
    options = {"filter": filter_, "fields": fields, "sort": sort, "order_by": order_by}
    try:
        operation = _operation(name, ids or [], options)
        with opened(given, sandbox) as roster:
            arguments = dict(zip(path_parameters(operation), ids or [], strict=True)) | _given_of(options)
            look = _ReadRequest(roster, operation, arguments, limit)
            _show(look, format_, show_personal)
    except (UnknownReadError, ConfigurationError, FilterError, WriteError) as error:
        _refuse(str(error), USAGE)
    except OneRosterError as error:
        _refuse(str(error), _FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _refuse(reason: str, status: int) -> NoReturn:
    typer.echo(f"oneroster get: {reason}", err=True)
    raise typer.Exit(status)


def _given_of(options: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def _operation(name: str, ids: Sequence[str], options: dict[str, str | None]) -> Operation:
    """The read that is meant.

    Raises ``UnknownReadError`` when there is none, or when it cannot take one of the options.
    """
    if not name:
        raise UnknownReadError("say what to read, as in `oneroster get students`; --list names all reads")
    operation = find(name, len(ids))
    taken = {parameter.attribute for parameter in operation.parameters}
    refused = [f"--{option.rstrip('_').replace('_', '-')}" for option in _given_of(options).keys() - taken]
    if refused:
        raise UnknownReadError(f"{operation.operation_id} reads one record and takes no {', '.join(sorted(refused))}")
    for field in (options["fields"] or "").split(","):
        _warn_of_unknown(field.strip(), operation)
    return operation


def _warn_of_unknown(field: str, operation: Operation) -> None:
    known = ELEMENTS[operation.element or ""].properties
    attributes = {found.attribute for found in known.values()}
    if field and field not in known and field not in attributes:
        near = get_close_matches(field, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        typer.echo(f"note: {operation.element} has no field {field!r} in OneRoster 1.1{hint}", err=True)


class _ReadRequest:
    """One read, and how much of it was shown."""

    def __init__(self, roster: OneRoster, operation: Operation, arguments: dict[str, str], limit: int) -> None:
        self.operation = operation
        self.element = operation.element or ""
        self.shown = 0
        self.total: int | None = None
        self._arguments: dict[str, Any] = dict(arguments)
        if "fields" in arguments:
            # A list, so that the names of Python are understood as well as those of the wire.
            self._arguments["fields"] = [field.strip() for field in arguments["fields"].split(",")]
        self._roster = roster
        self._limit = limit

    @property
    def columns(self) -> list[str]:
        """The fields to show, by wire name."""
        properties = ELEMENTS[self.element].properties
        if "fields" not in self._arguments:
            return list(properties)
        by_attribute = {found.attribute: name for name, found in properties.items()}
        return [by_attribute.get(field, field) for field in self._arguments["fields"]]

    def records(self, show_personal: bool) -> Iterator[dict[str, Any]]:
        """The records by wire names, masked unless told otherwise, with the fields asked for."""
        view = without_secrets if show_personal else masked
        wanted = set(self.columns) if "fields" in self._arguments else None
        for record in self._read():
            self.shown += 1
            shown = view(self.element, record.to_dict())
            yield {name: value for name, value in shown.items() if wanted is None or name in wanted}

    def _read(self) -> Iterator[Any]:
        session = self._roster.session
        call = OperationCall(
            self._roster.standard, self.operation.operation_id, self._arguments, session.settings.base_url
        )
        if not self.operation.many:
            yield session.read(call.url(call.request()), call.read_record, self.operation.operation_id)
            return
        size = min(self._limit or _LARGEST_PAGE, _LARGEST_PAGE)
        pages: WalkedPages[Any] = WalkedPages(session, call, Paging(limit=size))
        yield from islice(pages, self._limit or None)
        self.total = pages.total


def _show(look: _ReadRequest, form: str, show_personal: bool) -> None:
    records = look.records(show_personal)
    if form == "table":
        hidden = as_table(Console(), list(records), look.columns)
        if hidden:
            typer.echo(
                f"no room for {', '.join(hidden)}; choose with --fields, or show all with --format json", err=True
            )
    elif form == "json" and not look.operation.many:
        sys.stdout.write("".join(WRITERS["json"](records, look.columns))[2:-3] + "\n")
    else:
        for text in WRITERS[form](records, look.columns):
            sys.stdout.write(text)
    if look.operation.many:
        known = "" if look.total is None or look.total == look.shown else f" of {look.total}"
        typer.echo(f"{look.shown}{known} {look.operation.wrapper}", err=True)


def _list_reads() -> None:
    told = [
        (short_name(operation), " ".join(map(str.upper, path_parameters(operation))), operation.summary)
        for operation in reads()
    ]
    widths = [max(len(line[index]) for line in told) for index in range(2)]
    for name, ids, summary in told:
        typer.echo(f"{name:{widths[0]}}  {ids:{widths[1]}}  {summary}")
