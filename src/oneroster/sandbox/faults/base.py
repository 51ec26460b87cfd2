"""What a fault is: a small class that changes one thing at one place on the way of an answer.

An answer is made in this order; a fault overrides the hook where it wants to go wrong, and leaves the others alone::

    prepare     the data, once, before anybody calls
    mistaken_for  the request as which one is examined whose credentials do not hold
    admit       who may come in
    parents     which parents of a nested collection are not there
    plan        which rows a collection holds, or a record is looked for among
    selection   the rows themselves
    window      which of them the page holds
    found       the stored record of a single read
    record      each record as it goes out, before `fields` is applied
    body        the JSON of a successful read
    total       what X-Total-Count says
    links       where the links lead
    page        the whole answer of a collection
    forgive     a PUT body that the conforming tenant refuses
    write       the record that a PUT stores
    delete      whether a DELETE removes the record
    answer      any answer of the API, errors included
    sent        any answer at all, the token endpoint's included

Every hook takes what the conforming tenant would do and returns what this one does. Hooks must go by the data and the
request alone, never by the order of requests, so that a fault shows the same way each time. Rehearsals, which show a
client what passes, may count how often the same came (`turns`): each tenant has fault objects of its own to remember
it. What breaks HTTP itself returns an answer out of `oneroster.sandbox.http.broken_responses` from the hook `answer`.
"""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from abc import ABC
from typing import Any, ClassVar

from oneroster.sandbox.auth.authentication import Admitted, Denied
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.link_header import LinkSet, Window
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery
from oneroster.sandbox.store.result_set import ResultSet
from oneroster.sandbox.store.store import Store


class Fault(ABC):
    """One thing that a tenant does wrong.

    Attributes:
        name: by which it is switched on.
        does: what the server then does.
        breaks: the clause of the standard that this goes against, with its trust mark.
    """

    name: ClassVar[str]
    does: ClassVar[str]
    breaks: ClassVar[str]

    def prepare(self, store: Store) -> None:  # noqa: B027  # a fault fills the hooks it needs and no other
        """Change the data, which is this tenant's alone."""

    def mistaken_for(self, arrival: RawRequest, verdict: Denied) -> RawRequest | None:
        """Examine a denied request as if it were another one; None to leave it denied."""
        return None

    def admit(self, arrival: RawRequest, verdict: Admitted | Denied) -> Admitted | Denied:
        """Let in, or keep out."""
        return verdict

    def parents(self, call: OperationRequest, absent: list[Problem]) -> list[Problem]:
        """Find parents that are not there, or miss some that are."""
        return absent

    def plan(self, call: OperationRequest, plan: RowQuery) -> RowQuery:
        """Choose other rows."""
        return plan

    def selection(self, call: OperationRequest, selection: ResultSet) -> ResultSet:
        """Put something between the rows and the page."""
        return selection

    def window(self, call: OperationRequest, window: Window, total: int) -> Window:
        """Serve another stretch of the rows."""
        return window

    def found(self, call: OperationRequest, record: Record) -> Record:
        """Find another record than the one asked for."""
        return record

    def record(self, call: OperationRequest, record: Record) -> Record:
        """Write a record another way."""
        return record

    def body(self, call: OperationRequest, body: Record) -> Record:
        """Wrap the data another way."""
        return body

    def total(self, call: OperationRequest, total: int) -> int:
        """Count wrongly."""
        return total

    def links(self, call: OperationRequest, links: LinkSet) -> LinkSet:
        """Lead elsewhere."""
        return links

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        """Answer a collection another way; `total` is the true number of rows."""
        return answer

    def forgive(self, call: OperationRequest, body: Any) -> Record | None:
        """Take a record out of a body that should be refused; `body` is the JSON sent, None when it is none."""
        return None

    def write(self, call: OperationRequest, record: Record) -> Record | Problem:
        """Store another record, or refuse it."""
        return record

    def delete(self, call: OperationRequest) -> bool:
        """Whether the record is removed indeed."""
        return True

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        """Answer anything another way; there is no call when the request reached no operation."""
        return answer

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        """Answer another way what came by HTTP: its method, its headers, the token endpoint."""
        return answer
