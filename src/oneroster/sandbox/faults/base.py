"""The base class of faults: hooks that each change one step of answering a request.

A fault overrides the hooks it needs. They run in this order::

    prepare                  the stored data, once, before the first request
    reinterpret_credentials  the request to authenticate in place of one that was denied
    authenticate             whether the caller is authenticated
    missing_parents          which parents of a nested collection do not exist
    row_query                which rows a collection holds, or a single read searches
    result_set               the rows themselves
    page_window              which of the rows are on the page
    single_record            the stored record of a single read
    record                   each serialized record, before `fields` is applied
    body                     the JSON body of a successful read
    total_count              the value of X-Total-Count
    links                    the links of the Link header
    collection_response      the whole response to a collection request
    accept_invalid_body      a PUT or POST body that a conforming tenant rejects
    stored_record            the record that a PUT stores
    allocated_id             the id that a POST gives to a record
    posted_record            the record that a POST stores
    deletes                  whether a DELETE removes the record
    api_response             any response of the API, errors included
    any_response             any response at all, the token endpoint's included
    formed_response          any response, its status payload in the form of the version

A hook receives what a conforming tenant would do and returns what this tenant does instead. It depends on the data and
the request only, never on the order of requests, so that a fault is reproducible. Client faults are the exception:
they may count repeated requests (`AttemptCounter`), because tenants do not share fault objects. A response that
breaks HTTP itself is a `TruncatedReply` or a `StreamingReply`, returned from `api_response`.
"""

# ruff: noqa: ARG002  # hooks have a fixed signature

import re
from abc import ABC
from collections.abc import Mapping
from types import FunctionType, MappingProxyType
from typing import Any, ClassVar, Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.declarations import HOOK_PARTS, Needs
from oneroster.sandbox.http.link_header import LinkSet, PageWindow
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.result_sets import ResultSet
from oneroster.sandbox.store.store import Store

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TRUST_MARK: Final = re.compile(r"\[[ABC]\]")

_NO_HOOKS: Final = frozenset({"prepare", "__init_subclass__"})

_registered: dict[str, "type[Fault]"] = {}


class Fault(ABC):
    """One deviation of a tenant from the standard.

    Defining a subclass registers it. A base class for several faults is declared with `abstract=True` and is not
    registered.

    Attributes:
        name: The name that `--fault` takes.
        does: What the server does, as the end of a sentence that begins with "The server".
        breaks: The clause of the standard that this breaks, with its trust mark.
        family: The group of the fault, which is the name of its module below `oneroster.sandbox.faults`.
        needs: What it needs in order to show.
        hides: Further parts of responses that it overwrites, besides those of its hooks; see `overwrites`.
    """

    name: ClassVar[str]
    does: ClassVar[str]
    breaks: ClassVar[str]
    family: ClassVar[str]
    needs: ClassVar[Needs] = Needs()
    hides: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def overwrites(cls) -> frozenset[str]:
        """Return the parts of responses that the fault overwrites; faults with a part in common are not combined."""
        return cls.hides | {HOOK_PARTS.get(hook, f"{hook} of {cls.family}") for hook in hooks_of(cls)}

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        """Check the description of the fault and register it.

        Raises:
            TypeError: The name, `does` or `breaks` is missing or malformed, or the name is taken.
        """
        super().__init_subclass__()
        if abstract:
            return
        _check(cls)
        cls.family = cls.__module__.removeprefix("oneroster.sandbox.faults.")
        _registered[cls.name] = cls

    def prepare(self, store: Store) -> None:  # noqa: B027  # a fault overrides the hooks it needs and no other
        """Change the stored data, which belongs to this tenant alone."""

    def reinterpret_credentials(self, raw_request: RawRequest, outcome: Denied) -> RawRequest | None:
        """Return the request to authenticate in place of a denied one; None leaves it denied."""
        return None

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        """Return another result of authentication."""
        return outcome

    def missing_parents(self, request: OperationRequest, missing: list[Problem]) -> list[Problem]:
        """Return one problem for each parent in the path that does not exist."""
        return missing

    def row_query(self, request: OperationRequest, row_query: RowQuery) -> RowQuery:
        """Return another row_query for rows."""
        return row_query

    def result_set(self, request: OperationRequest, rows: ResultSet) -> ResultSet:
        """Return other rows than the query found."""
        return rows

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        """Return another window of the rows."""
        return window

    def single_record(self, request: OperationRequest, record: Record) -> Record:
        """Return another stored record than the requested one."""
        return record

    def record(self, request: OperationRequest, record: Record) -> Record:
        """Return a record with other values."""
        return record

    def body(self, request: OperationRequest, body: Record) -> Record:
        """Return another body around the data."""
        return body

    def total_count(self, request: OperationRequest, total: int) -> int:
        """Return another total for X-Total-Count."""
        return total

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        """Return other links to pages."""
        return links

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        """Return another response to a collection request; `total` is the true number of rows."""
        return reply

    def accept_invalid_body(self, request: OperationRequest, body: Any) -> Record | None:
        """Return a record from a body that must be rejected; `body` is the decoded JSON, or None if it is not JSON.

        For a POST it is the body, with a list of records under its wrapper.
        """
        return None

    def stored_record(self, request: OperationRequest, record: Record) -> Record | Problem:
        """Return another record to store, or the problem with which to reject it."""
        return record

    def allocated_id(self, request: OperationRequest, given: str) -> str:
        """Return another id for a record of a POST."""
        return given

    def posted_record(self, request: OperationRequest, record: Record, supplied: str) -> Record:
        """Return another record to store; `supplied` is the id that it has in the body of the POST."""
        return record

    def deletes(self, request: OperationRequest) -> bool:
        """Return whether the record is really removed."""
        return True

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        """Return another response; `request` is None when the path or the method matched no operation."""
        return reply

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        """Return another response, judging by the HTTP request alone: its method, its headers, its path."""
        return reply

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        """Return another response, whose status payload has the form of the version that is served."""
        return reply


def registered_faults() -> Mapping[str, type[Fault]]:
    """Return the faults defined so far, by name, in the order of their definition."""
    return MappingProxyType(_registered)


def hooks_of(fault: type[Fault]) -> list[str]:
    """Return the names of the hooks that a fault overrides, except `prepare`, which changes records of its own."""
    methods = (name for name, value in vars(Fault).items() if isinstance(value, FunctionType))
    return [name for name in methods if name not in _NO_HOOKS and getattr(fault, name) is not getattr(Fault, name)]


def cannot_be_combined(one: type[Fault], other: type[Fault]) -> bool:
    """Return whether two faults overwrite the same part of a response, or need different credentials or phases."""
    kinds = {one.needs.access, other.needs.access} - {"any"}
    same_part = bool(one.overwrites() & other.overwrites())
    return same_part or len(kinds) > 1 or one.needs.writes is not other.needs.writes


def _check(fault: type[Fault]) -> None:
    own = vars(fault)
    absent = [key for key in ("name", "does", "breaks") if not isinstance(own.get(key), str) or not own[key]]
    if absent:
        raise TypeError(f"fault {fault.__name__} needs {' and '.join(absent)}; a base class needs abstract=True")
    if not _NAME.fullmatch(fault.name):
        raise TypeError(f"fault {fault.__name__}: the name {fault.name!r} must be words in lower case with hyphens")
    if not _TRUST_MARK.search(fault.breaks):
        raise TypeError(f"fault {fault.name}: breaks must have the trust mark of the clause, as in [A]")
    if fault.name in _registered:
        raise TypeError(f"fault {fault.name}: {_registered[fault.name].__name__} already has this name")
