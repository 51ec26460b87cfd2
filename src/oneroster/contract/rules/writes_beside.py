"""What the writes of the kit have done to the records of the tenant that they do not name."""

from collections.abc import Iterator
from typing import Final

from oneroster.contract.errors import NotJudged
from oneroster.contract.http.gateway import OWN
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import Finding
from oneroster.contract.writes.lifecycle import Lifecycle
from oneroster.contract.writes.owned_objects import MARKED

__all__ = ["changed_rows", "further_objects"]

GONE: Final = (404, 410)
FEW: Final = 5
"""How many records may change beside those of the kit, because others use the tenant as well."""


def changed_rows(tenant: ObservedTenant, lifecycle: Lifecycle) -> Iterator[Finding]:
    """Yield a finding if the last rows of a collection are not those that it had before the kit wrote to it."""
    collection = tenant.dialect.collection_of(lifecycle.element)
    try:
        rows = tenant.walk(collection).rows
    except NotJudged:
        return
    size = tenant.page_size
    first = max(0, len(rows) - size)
    # Rows that are gone move the others; a few of the first ones may be before the page.
    known = {name: row for row in rows[first + FEW if first else 0 :] if (name := identity(row)) and not _is_own(name)}
    if collection is None or not known:
        return
    listed = tenant.fetch(collection, {}, {"limit": size, "offset": first} if first else {"limit": size})
    if listed.problem is not None or (first == 0 and len(listed.rows) >= size):
        return
    now = {name: row for row in listed.rows if (name := identity(row))}
    lost = [name for name in known if name not in now]
    gone = [name for name in lost[:FEW] if lifecycle.objects.read(lifecycle.element, name).exchange.status in GONE]
    if gone:
        # Somebody else may have deleted it in the meantime.
        yield finding("a record with another id is gone after the writes", listed, gone, Level.SHOULD)


def _is_own(sourced_id: str) -> bool:
    """Return whether an id is one that the kit makes."""
    return sourced_id.lower().startswith(OWN)


def further_objects(tenant: ObservedTenant, lifecycle: Lifecycle) -> Iterator[Finding]:
    """Yield a finding if the collection holds objects with a text of the kit, and ids that the kit did not write."""
    collection = tenant.dialect.collection_of(lifecycle.element)
    name = next((each for each in MARKED if each in lifecycle.record), None)
    if collection is None or name is None:
        return
    text = lifecycle.record[name]
    listed = tenant.fetch(collection, {}, {"limit": tenant.page_size, "filter": f"{name}='{text}'"})
    others = [own for row in listed.rows if row.get(name) == text and (own := identity(row)) and not _is_own(own)]
    known = {identity(row) for row in tenant.walk(collection).rows}
    if others := [each for each in others if each not in known]:
        yield finding("a write also created a record with another id", listed, others)
