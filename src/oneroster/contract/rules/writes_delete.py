"""DELETE: the object is gone behind it, or marked for deletion; both are lawful."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotExercised
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes import told, writing
from oneroster.contract.writes.lifecycle import lifecycle_of
from oneroster.contract.writes.owned_objects import ABSENT, is_gone
from oneroster_runtime.specification import Operation

LAST: Final = ("OR-WRT-06", "OR-WRT-07")
"""What is behind everything else that is looked at while the object is there; a DELETE comes after."""


def deletes(tenant: ObservedTenant) -> Iterator[Operation]:
    """The DELETE operations of the dialect.

    Raises ``NotExercised`` when nothing may be written.
    """
    return writing(tenant, "DELETE")


@rule(
    "OR-WRT-18",
    family="writes",
    title="A DELETE is answered with 204",
    clause="2 note W, DELETE 204 [B]",
    example="DELETE of a category is answered with 200 and a body",
    fix="answer 204 without a body",
    over=deletes,
    needs=LAST,
)
def deleted_204(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.deleted.status != 204:
        yield told(f"HTTP {life.deleted.status} instead of 204", life.deleted, life.sourced_id)


@rule(
    "OR-WRT-19",
    family="writes",
    title="What was deleted is gone, or marked tobedeleted",
    clause="2 deleteCategory, deleteLineItem and deleteResult [A]",
    example="DELETE of a category is answered with 204, and GET still shows it active",
    fix="remove the record, or set its status to tobedeleted",
    over=deletes,
    needs=LAST,
)
def gone(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.deleted.status >= 400:
        raise NotExercised(f"it was not deleted (HTTP {life.deleted.status})")
    if not is_gone(life.read_after_delete):
        yield finding("the record is still there behind its DELETE", life.read_after_delete, [life.sourced_id])


@rule(
    "OR-WRT-20",
    family="writes",
    title="A DELETE of what was never there is answered with 404",
    clause="6.1 404, and note W on unknown ids [A]",
    example="DELETE of an id that nobody ever had is answered with 204",
    fix="answer 404 with codeMinor 'unknown object' when nothing has the id of the path",
    over=deletes,
    needs=LAST,
)
def unknown(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    life = lifecycle_of(tenant, operation)
    if life.deleted.status >= 400:
        raise NotExercised(f"nothing can be deleted (HTTP {life.deleted.status})")
    exchange = life.objects.delete(life.element, life.objects.new_id())
    if exchange.status not in ABSENT:
        yield told(f"HTTP {exchange.status} instead of 404", exchange)
