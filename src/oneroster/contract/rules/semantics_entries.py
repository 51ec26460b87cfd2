"""Semantic rules on the entries of specialised and nested collections, and on how ids and addresses are compared."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import unquote

from oneroster.contract.dialects.dialect import path_parameters
from oneroster.contract.errors import ExplainedBy, NotEnoughData, NotJudged
from oneroster.contract.harm import Harm
from oneroster.contract.http.exchange import Exchange, encoded_path
from oneroster.contract.http.parsed_response import identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of, evidence_of, exchange_finding, finding
from oneroster.contract.observation.membership import entries_of, in_subset, is_live
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import nested, one_read_of_each_service, reads
from oneroster.contract.observation.recheck import confirmed
from oneroster.contract.observation.record_versions import record_versions
from oneroster.contract.observation.snapshot import needs_escaping
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.http import absolute_url
from oneroster.contract.rules.odd_values import RULES_ON_VALUES, odd_properties
from oneroster.contract.rules.semantics_membership import specialised
from oneroster.contract.rules.semantics_references import reference_paths, with_references
from oneroster_runtime.specification import Operation

HREF: Final = "href"


@rule(
    "OR-SEM-26",
    family="semantics",
    title="Specialised and nested collections return the same records as the general one",
    clause="3.4 without fields all data comes back; 2 what the specialised endpoints select [B]",
    example="a user has an email under /users and none under /students",
    fix="serve both collections from the same records by the same code",
    stands_on=("subset",),
    over=lambda tenant: [*specialised(tenant), *nested(tenant)],
)
@confirmed
def same_entries(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    subset, whole = operation.subset, tenant.dialect.collection_of(operation.element)
    of = tenant.dialect.operation(subset.of) if subset is not None and operation.scope is None else whole
    general = tenant.all_rows(of)
    found = max(tenant.walks(operation), key=len)
    if not found.pages:
        raise found.incomplete
    names: Counter[str] = Counter()
    ids: list[str] = []
    odd = True
    for row in found.rows:
        other = general.get(identity(row) or "")
        if other is None or row == other:
            continue
        differing = {name for name in row.keys() | other.keys() if not _is_same(row.get(name), other.get(name))}
        if not differing:
            continue
        ids.append(identity(row) or "")
        names.update(differing)
        odd = odd and differing <= odd_properties(tenant, operation.element or "", row)
    if ids:
        known = sorted(names.keys() & tenant.properties(operation.element).keys())
        which = ", ".join(known) or "undocumented properties"
        message = f"{len(ids)} of {len(found)} entries differ from the general collection in {which}"
        if odd:
            raise ExplainedBy(
                RULES_ON_VALUES, message, anywhere=True, otherwise=message, evidence=evidence_of(found.pages[0], ids)
            )
        yield finding(message, found.pages[0], ids)


def _is_same(value: Any, other: Any) -> bool:
    """Return whether two values are equal but for the addresses of references, of which a record may have several."""
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_is_same, value, other))
    if isinstance(value, dict) and isinstance(other, dict):
        both = value.keys() == other.keys()
        return both and all(name == HREF or _is_same(value[name], other[name]) for name in value)
    return bool(value == other)


def specialised_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable single reads of a specialised path, such as that of a student."""
    return (each for each in reads(tenant) if each.subset is not None)


@rule(
    "OR-SEM-27",
    family="semantics",
    title="A single read under a specialised path finds only records of its kind",
    clause="2 what the specialised endpoints select; 6.1 404 [B]",
    example="GET /students/{id} returns a teacher",
    fix="look for the id among the records that the specialised collection lists",
    stands_on=("subset", "status 404"),
    over=specialised_reads,
    needs=("OR-SEM-08",),
)
@confirmed
def only_its_kind_is_read(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    subset = operation.subset
    general = tenant.all_rows(tenant.dialect.operation(subset.of if subset else None))
    others = sorted((name for name, row in general.items() if not in_subset(row, subset)), key=needs_escaping)
    if not others:
        raise NotEnoughData(0, 1, "record of another kind")
    listing = tenant.dialect.list_of(operation.operation_id)
    if listing is not None and others[0] in tenant.known_rows(listing):
        text = "the specialised collection lists a record of another kind as well"
        raise ExplainedBy("OR-SEM-01", text, listing.operation_id)
    exchange = tenant.probe(encoded_path(operation.path, {path_parameters(operation)[0]: others[0]}))
    if _ids_in(exchange):
        yield exchange_finding(f"{operation.operation_id} returned a record of another kind instead of 404", exchange)


@rule(
    "OR-SEM-28",
    family="semantics",
    title="No row appears twice in a nested collection",
    clause="5.1 sourcedId, unique [A]",
    example="a class with two terms is listed twice by GET /schools/{id}/classes",
    fix="select distinct records; a join over a list of references multiplies rows",
    over=nested,
    harm=Harm.ROWS,
)
@confirmed
def no_row_twice_when_nested(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    for found in tenant.walks(operation):
        # A row on two pages is a matter of paging.
        for page in found.pages:
            repeated = [name for name, count in Counter(page.ids).items() if name is not None and count > 1]
            if repeated:
                yield finding(f"{count_of(len(repeated), 'row')} appear more than once on a page", page, repeated)
                return


def reads_of_all_records(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable single reads of an element, without those of a specialised path."""
    return (each for each in reads(tenant) if each.subset is None)


def _listed_ids(tenant: ObservedTenant, operation: Operation) -> list[str]:
    """Return the ids of a read's own list, those first that need no escaping."""
    rows = tenant.walk(tenant.dialect.list_of(operation.operation_id)).rows
    return sorted((name for row in rows if is_live(row) and (name := identity(row))), key=needs_escaping)


@rule(
    "OR-SEM-29",
    family="semantics",
    title="Ids that differ in case are different ids",
    clause="1 sourcedId, an opaque string; 6.1 404 [B]",
    example="GET /orgs/ORG-7 returns the org with the id org-7",
    fix="compare ids byte by byte; use a binary collation for the column of the id",
    stands_on=("status 404",),
    over=reads_of_all_records,
    needs=("OR-SEM-08",),
)
def case_of_ids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    listed = _listed_ids(tenant, operation)
    known = set(listed)
    candidates = [name for name in listed if name.swapcase() not in known and name.swapcase() != name]
    if not candidates:
        raise NotEnoughData(0, 1, "id with letters")
    exchange = tenant.probe(encoded_path(operation.path, {path_parameters(operation)[0]: candidates[0].swapcase()}))
    if _ids_in(exchange):
        yield exchange_finding("an id in the other case of its letters returned a record instead of 404", exchange)


@rule(
    "OR-SEM-30",
    family="semantics",
    title="A percent-encoded letter in a path is that letter",
    clause="1 sourcedId, percent-encoded in a path; RFC 3986, 6.2.2.2 [B]",
    example="GET /orgs/%6F-7 returns 404, although the org o-7 exists",
    fix="decode every segment of the path once, before it is compared",
    over=one_read_of_each_service,
    needs=("OR-SEM-08",),
)
def encoded_letters(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = _listed_ids(tenant, operation)
    if not known:
        raise NotEnoughData(0, 1, "id of plain letters and digits")
    encoded = "".join(f"%{byte:02X}" for byte in known[0].encode())
    parameter = path_parameters(operation)[0]
    exchange = tenant.probe(operation.path.replace(f"{{{parameter}}}", encoded))
    # The record may have been deleted since it was listed.
    if 400 <= exchange.status < 500 and tenant.fetch(operation, {parameter: known[0]}).problem is None:
        yield exchange_finding(f"an id in percent-encoded letters returned HTTP {exchange.status}", exchange)


@rule(
    "OR-SEM-31",
    family="semantics",
    title="The href of a reference leads to the record",
    clause="5.2 href, the address of the referenced object [A]",
    example="the href of a school leads to another record, or to a 404",
    fix="build the href from the public base URL, the path of the single read and the encoded sourcedId",
    over=with_references,
)
def hrefs_lead_to_records(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    versions, judged = record_versions(tenant, operation), 0
    for path in reference_paths(tenant, operation.element):
        try:
            targets = tenant.all_rows(tenant.dialect.collection_of(path.known.refers_to))
        except NotJudged:
            continue
        addresses = _single_reads_of(tenant, path.known.refers_to)
        elsewhere: dict[str, str] = {}
        for response, row in versions:
            for item in path.references(row):
                href, target = item.get(HREF), identity(item)
                if not isinstance(href, str) or not href or target not in targets:
                    continue
                judged += 1
                # OR-SCH-06 reports a relative address; here it counts where it leads.
                address = absolute_url(response.exchange.url, href)
                if not _is_canonical(tenant, addresses, address, target):
                    elsewhere[address] = target
        yield from _wrong_address(tenant, str(path), tenant.memo(_OtherAddresses, _OtherAddresses).new(elsewhere))
    if not judged:
        raise NotEnoughData(0, 1, "reference to a listed record")


class _OtherAddresses:
    """The addresses so far that are no single read: one of them was tried for the collection that had them first."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def new(self, addresses: dict[str, str]) -> dict[str, str]:
        """Return those that no collection had before."""
        found = {href: target for href, target in addresses.items() if href not in self._known}
        self._known |= found.keys()
        return found


def _single_reads_of(tenant: ObservedTenant, element: str | None) -> list[tuple[str, str]]:
    """Return the addresses of the single reads of an element, each as what comes before and after the id."""
    found = []
    for operation in tenant.dialect.reads:
        if operation.element == element:
            url, name = tenant.gateway.target.url_of(operation.path), path_parameters(operation)[0]
            before, _, after = url.partition(f"{{{name}}}")
            found.append((before, after))
    return found


def _is_canonical(tenant: ObservedTenant, addresses: Iterable[tuple[str, str]], href: str, target: str) -> bool:
    """Return whether an address is that of a single read of the record; other rules read those."""
    if not tenant.gateway.is_own(href):
        # A tenant may name its public address; the kit requests no other origin.
        return True
    wanted = {f"{before}{target}{after}" for before, after in addresses}
    # An address that is not encoded is not a URI; OR-SCH-07 reports it.
    return bool(wanted & {href, unquote(href), unquote(href.partition("?")[0])})


def _wrong_address(tenant: ObservedTenant, name: str, elsewhere: dict[str, str]) -> Iterator[Finding]:
    """Yield a finding if one of the addresses, read once, does not return its record."""
    for href, target in list(elsewhere.items())[:1]:
        try:
            exchange = tenant.gateway.send("GET", href)
        except ValueError:
            continue
        if exchange.status != 200:
            # Many tenants have addresses that cannot be reached, and clients do not use them.
            message = f"the href of {name} returned HTTP {exchange.status}"
            yield exchange_finding(message, exchange, level=Level.SHOULD)
        elif target not in (received := _ids_in(exchange)):
            yield exchange_finding(f"the href of {name} returned another record", exchange)
        elif len(received) > 1:
            yield exchange_finding(f"the href of {name} returned {len(received)} records instead of one", exchange)


def _ids_in(exchange: Exchange) -> set[str]:
    payload = exchange.payload
    members = list(payload.values()) if isinstance(payload, dict) else []
    # Some servers send a single record in an array, which the rules on envelopes report.
    items = [item for member in [payload, *members] for item in entries_of(member)]
    return {name for item in items if isinstance(item, dict) and (name := identity(item))}
