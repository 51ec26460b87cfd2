"""Write rules on DELETE: the record is removed or marked tobedeleted; both are valid."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.harm import Harm
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.writes_put import write_finding, write_operations
from oneroster.contract.writes.lifecycle import lifecycle_of
from oneroster.contract.writes.owned_objects import ABSENT, is_gone
from oneroster_runtime.specification import Operation

RUN_AFTER: Final = ("OR-WRT-06", "OR-WRT-07")
"""The last rules that need the object, so that its DELETE runs after all of them."""


def delete_operations(tenant: ObservedTenant) -> Iterator[Operation]:
    """The DELETE operations of the dialect.

    Raises ``NotJudged`` when the run must not write.
    """
    return write_operations(tenant, "DELETE")


@rule(
    "OR-WRT-18",
    family="writes",
    harm=Harm.FORM,
    title="A DELETE returns 204",
    clause="2 note W, DELETE 204 [B]",
    example="DELETE of a category returns 200 and a body",
    fix="return 204 without a body",
    stands_on=("status 204",),
    over=delete_operations,
    needs=RUN_AFTER,
)
def deleted_204(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.deleted.status >= 400 and is_gone(lifecycle.read_after_delete):
        raise ExplainedBy("OR-WRT-19", f"the DELETE removed the record and failed (HTTP {lifecycle.deleted.status})")
    if lifecycle.deleted.status != 204:
        yield write_finding(
            f"a DELETE returned HTTP {lifecycle.deleted.status} instead of 204", lifecycle.deleted, lifecycle.sourced_id
        )


@rule(
    "OR-WRT-19",
    family="writes",
    harm=Harm.ROWS,
    title="A deleted record is gone, or has the status tobedeleted",
    clause="2 deleteCategory, deleteLineItem and deleteResult [A]",
    example="DELETE of a category returns 204, but GET still returns it as active",
    fix="remove the record, or set its status to tobedeleted",
    over=delete_operations,
    needs=RUN_AFTER,
)
def gone(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.deleted.status >= 400:
        if is_gone(lifecycle.read_after_delete):
            message = f"a DELETE returned HTTP {lifecycle.deleted.status}, but removed the record"
            yield write_finding(message, lifecycle.deleted, lifecycle.sourced_id)
            return
        raise ExplainedBy("OR-WRT-18", f"the DELETE failed (HTTP {lifecycle.deleted.status})")
    if not is_gone(lifecycle.read_after_delete):
        yield finding(
            "the record can still be read after its DELETE, and is not marked tobedeleted",
            lifecycle.read_after_delete,
            [lifecycle.sourced_id],
        )


@rule(
    "OR-WRT-20",
    family="writes",
    harm=Harm.FORM,
    title="A DELETE of an unknown id returns 404",
    clause="6.1 404, and note W on unknown ids [A]",
    example="DELETE of an id that never existed returns 204",
    fix="return 404 with codeMinor `unknown object` when no record has the id of the path",
    stands_on=("status 404",),
    over=delete_operations,
    needs=RUN_AFTER,
)
def unknown_404(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    lifecycle = lifecycle_of(tenant, operation)
    if lifecycle.deleted.status >= 400:
        text = f"the DELETE of an existing record failed (HTTP {lifecycle.deleted.status})"
        raise ExplainedBy("OR-WRT-18", text)
    exchange = lifecycle.objects.delete(lifecycle.element, lifecycle.objects.new_id())
    if exchange.status not in ABSENT:
        yield write_finding(f"a DELETE of an unknown id returned HTTP {exchange.status} instead of 404", exchange)
