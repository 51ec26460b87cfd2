"""The reading and the output of `oneroster get`."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.console import Console

from oneroster.cli._filter_syntax import FilterFormError, fields_of_filter
from oneroster.cli._pauses import pause_words
from oneroster.cli._wrapped_lines import echo_wrapped
from oneroster.inspection.masking import mask_personal, mask_secrets
from oneroster.inspection.record_rendering import RECORD_WRITERS, print_table
from oneroster.inspection.short_operation_names import UnknownReadError, find_operation, of_profile, path_parameters
from oneroster.inspection.terminal_text import escape_lines
from oneroster.operation_call import OperationCall
from oneroster.pages import WalkedPages
from oneroster.pagination.walk import Paging
from oneroster.standard import Standard
from oneroster_runtime.specification import Operation, Specification

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient

__all__ = [
    "ReadRequest",
    "RetryLines",
    "arguments_of",
    "check_name",
    "operation_to_read",
    "profile_specification",
    "show",
]

_END_OF_LINE: Final = "\r\n"
_MAX_PAGE_SIZE: Final = Paging().limit

_EQUALS: Final = re.compile(r"\s*(\w+)\s*=\s*'([^']*)'\s*")


def arguments_of(operation: Operation, ids: Sequence[str], options: Mapping[str, str | None]) -> dict[str, str]:
    """Return the arguments of an operation by Python name."""
    attributes = {parameter.name: parameter.attribute for parameter in operation.parameters}
    given = {attributes[name]: value for name, value in options.items() if value is not None}
    return dict(zip(path_parameters(operation), ids, strict=True)) | given


def check_name(name: str, count: int) -> None:
    """Check that some version has an operation, before a tenant is opened.

    Args:
        name: The name given.
        count: The number of ids given.

    Raises:
        UnknownReadError: No version has one; the error is that of the default version.
    """
    if not name:
        raise UnknownReadError("the operation is missing, as in `oneroster get students`; --list shows all names")
    for version in Standard.versions():
        with suppress(UnknownReadError):
            find_operation(Standard.of(version).specification, name, count)
            return
    find_operation(Standard.of().specification, name, count)


def profile_specification(roster: "SyncClient", profile: str | None) -> Specification:
    """Return what a tenant serves: the operations of its dialect, or all if it has none.

    Args:
        roster: The client of the tenant.
        profile: The dialect given; None for that of the tenant's settings, if the document defines it.

    Raises:
        ConfigurationError: The dialect is unknown.
    """
    specification, stored = roster.standard.specification, roster.session.settings.profile
    if profile is None and stored in specification.profiles:
        profile = stored
    return of_profile(specification, roster.standard.known_profile(profile)) if profile else specification


def operation_to_read(
    name: str, ids: Sequence[str], options: Mapping[str, str | None], specification: Specification
) -> Operation:
    """Find the operation to call.

    Raises:
        UnknownReadError: The operation is unknown, or it does not take one of the options.
    """
    operation = find_operation(specification, name, len(ids))
    supported = {parameter.name for parameter in operation.parameters}
    given = {option for option, value in options.items() if value is not None}
    unsupported = ["--order-by" if option == "orderBy" else f"--{option}" for option in given - supported]
    if unsupported:
        raise UnknownReadError(
            f"{operation.operation_id} reads one record and does not take {', '.join(sorted(unsupported))}"
        )
    _check_filter(specification, options["filter"], operation)
    for field in [*(options["fields"] or "").split(","), *(options["sort"] or "").split(",")]:
        _warn_about_unknown_field(specification, field.partition(".")[0].strip(), operation)
    return operation


def _check_filter(specification: Specification, text: str | None, operation: Operation) -> None:
    """Check what can be checked of a filter before it is sent.

    Raises:
        UnknownReadError: A value is not quoted, or there is no clause. Servers answer such filters with anything.
    """
    try:
        fields = [] if text is None else fields_of_filter(text)
    except FilterFormError as error:
        raise UnknownReadError(str(error)) from None
    for field in fields:
        _warn_about_unknown_field(specification, field.partition(".")[0], operation)


def _warn_about_unknown_field(specification: Specification, field: str, operation: Operation) -> None:
    known = specification.elements[operation.element or ""].properties
    attributes = {found.attribute for found in known.values()}
    if field and field != "metadata" and field not in known and field not in attributes:
        similar = get_close_matches(field, known, n=1)
        hint = f"; did you mean {similar[0]}?" if similar else ""
        version = specification.version
        echo_wrapped(f"note: {operation.element} has no field {field!r} in OneRoster {version}{hint}", err=True)


class RetryLines:
    """Prints a line before each request that is sent again: a slow or busy server looks like a command that hangs."""

    def __init__(self) -> None:
        self._repeated = 0

    def __call__(self, seconds: float, reason: str) -> None:
        """Print for how long and why nothing is sent."""
        self._repeated += 1
        echo_wrapped(pause_words(seconds, reason, self._repeated), err=True)


class ReadRequest:
    """One read of a tenant, and the number of records shown."""

    def __init__(self, roster: "SyncClient", operation: Operation, arguments: dict[str, str], limit: int) -> None:
        self._specification = roster.standard.specification
        self.operation = operation
        self.element = operation.element or ""
        self.shown = 0
        self.unmatched = 0
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
            found = record.to_dict()
            self.unmatched += self._is_unmatched(found)
            shown = mask(self._specification, self.element, found)
            yield {name: value for name, value in shown.items() if wanted is None or name in wanted}

    def _is_unmatched(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record certainly does not match the filter: one field that must equal a text."""
        clause = _EQUALS.fullmatch(self._arguments.get("filter", ""))
        value = record.get(clause[1]) if clause is not None else None
        return clause is not None and isinstance(value, str) and value.casefold() != clause[2].casefold()

    def _read(self) -> Iterator[Any]:
        session = self._roster.session
        call = OperationCall(self._roster.standard, self.operation.operation_id, self._arguments, session.service_urls)
        if not self.operation.many:
            yield session.read(call.url(call.request()), call.read_record, self.operation.operation_id)
            return
        size = min(self._limit or _MAX_PAGE_SIZE, _MAX_PAGE_SIZE)
        pages: WalkedPages[Any] = WalkedPages(session, call, Paging(limit=size))
        yield from islice(pages, self._limit or None)
        self.total = pages.total


def _to_terminal() -> bool:
    return sys.stdout.isatty()


def show(request: ReadRequest, format_: str, show_personal: bool) -> None:
    """Read the records and print them."""
    records = request.records(show_personal)
    if format_ == "table":
        hidden = print_table(Console(), list(records), request.columns)
        if hidden:
            echo_wrapped(
                f"columns not shown: {', '.join(hidden)}; select columns with --fields, or use --format json", err=True
            )
    elif format_ == "json" and not request.operation.many:
        sys.stdout.write("".join(RECORD_WRITERS["json"](records, request.columns))[2:-3] + "\n")
    else:
        for text in RECORD_WRITERS[format_](records, request.columns):
            sys.stdout.write(f"{escape_lines(text.rstrip(_END_OF_LINE))}\n" if _to_terminal() else text)
    if request.unmatched:
        echo_wrapped(
            f"note: {request.unmatched} of {request.shown} records do not match --filter; the server ignores it, or"
            " reads it in another way",
            err=True,
        )
    if request.operation.many:
        known = "" if request.total is None or request.total == request.shown else f" of {request.total}"
        typer.echo(f"{request.shown}{known} {request.operation.wrapper}", err=True)
