"""Privacy: what is known of a person stands in records, for those who may read them, and nowhere else."""

from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import unquote_plus

import httpx

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.exchange import Exchange, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.http.target import required_scopes
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, exchange_finding
from oneroster.contract.observation.operation_selectors import readable, readable_path, readable_response, reads
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.oracle.error_leaks import response_texts
from oneroster.contract.oracle.personal_data import PersonalTrait, personal_fields_in, personal_traits
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access_oauth2 import DEMOGRAPHICS, out_of_scope
from oneroster_runtime.specification import Operation, Property

BAD_REQUESTS: Final = ("fields=", "limit=-1", "filter=")
"""Queries with which the read of an existing record may fail."""
PEOPLE: Final = "User"


def _traits(tenant: ObservedTenant, element: str | None, row: Record) -> list[PersonalTrait]:
    return personal_traits(tenant.specification.elements[element or ""], row)


def of_people(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation whose records have a secret: users, however they are asked for."""
    return (each for each in readable(tenant) if _secrets(tenant, each))


def all_people(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first of them, which holds all users where there is such a collection."""
    return islice(of_people(tenant), 1)


def _secrets(tenant: ObservedTenant, operation: Operation) -> list[Property]:
    return [known for known in tenant.properties(operation.element).values() if known.secret]


@rule(
    "OR-PRV-01",
    family="privacy",
    title="No record holds a password",
    clause="5.13 password, optional: it may be sent, though no reader is known to ask for it [C]",
    example="users carry the password in clear",
    fix="leave the property out; who has to sign in users does so by single sign-on and not by a roster",
    over=all_people,
)
def no_password(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    seen = 0
    tallies: dict[str, CauseCount] = {}
    for reading in tenant.readings(operation):
        for row in reading.rows:
            seen += 1
            for known in _secrets(tenant, operation):
                # An empty string is how some servers leave a property out.
                if row.get(known.name):
                    tallies.setdefault(known.name, CauseCount(reading)).add(identity(row))
    for name, tally in tallies.items():
        yield counted_finding(
            f"{name} is sent in {count_of(tally.count, 'record')}", tally, f"{operation.wrapper}[].{name}", seen
        )


def personal_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The single reads of records by which a person is known."""
    return (each for each in reads(tenant) if _traits(tenant, each.element, readable_response(tenant, each).rows[0]))


@rule(
    "OR-PRV-02",
    family="privacy",
    title="No error repeats what is known of a person",
    clause="6.2 error payload, description [B]",
    example="the description of a 400 names the student whose record was asked for",
    fix="name the parameter, the field or the sourcedId in a description, and no value of a record",
    over=personal_reads,
)
def no_person_in_errors(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = readable_response(tenant, operation)
    path, failed = readable_path(tenant, operation), False
    for query in BAD_REQUESTS:
        exchange = tenant.probe(path, query)
        if exchange.status < 400:
            continue
        failed = True
        if fields := _told_of(tenant, operation, known.rows[0], exchange):
            yield exchange_finding(f"HTTP {exchange.status} repeats {', '.join(fields)} of the record", exchange)
            return
    if not failed:
        raise NotExercised("no request for an existing record could be made to fail")


def _told_of(tenant: ObservedTenant, operation: Operation, row: Record, exchange: Exchange) -> list[str]:
    text = "\n".join(response_texts(exchange))
    return personal_fields_in(tenant.specification.elements[operation.element or ""], row, text)


def leading_to_people(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operations whose records refer to users."""
    return (each for each in readable(tenant) if _references(tenant, each))


def _references(tenant: ObservedTenant, operation: Operation) -> list[str]:
    known = tenant.properties(operation.element).values()
    return [each.name for each in known if each.refers_to == PEOPLE]


@rule(
    "OR-PRV-03",
    family="privacy",
    title="No address holds what is known of a person",
    clause="5.2 href, the address of the object by its sourcedId [B]",
    example="the href of a user ends in the mail address, or holds it as a parameter",
    fix="build addresses from sourcedIds alone: addresses are kept in logs, histories and caches",
    over=leading_to_people,
)
def no_person_in_addresses(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    people = _people(tenant)
    tallies: dict[tuple[str, str], CauseCount] = {}
    seen = 0
    for reading in tenant.readings(operation):
        for row in reading.rows:
            seen += 1
            for name, href, person in _addresses(tenant, operation, row):
                for field in _fields_in(unquote_plus(href), people.get(person, [])):
                    tallies.setdefault((name, field), CauseCount(reading)).add(identity(row))
    for (name, field), tally in tallies.items():
        pointer = f"{operation.wrapper}[].{name}.href"
        yield counted_finding(
            f"{name}.href holds {field} of the user in {count_of(tally.count, 'record')}", tally, pointer, seen
        )


def _people(tenant: ObservedTenant) -> dict[str, list[PersonalTrait]]:
    """The traits of every user, by sourcedId."""
    users = tenant.all_rows(tenant.dialect.collection_of(PEOPLE))
    return {sourced_id: _traits(tenant, PEOPLE, row) for sourced_id, row in users.items()}


def _addresses(tenant: ObservedTenant, operation: Operation, row: Record) -> Iterator[tuple[str, str, str]]:
    """The references of a record to users: property, href, sourcedId."""
    for name in _references(tenant, operation):
        value = row.get(name)
        for reference in value if isinstance(value, list) else [value]:
            if isinstance(reference, dict):
                yield name, str(reference.get("href", "")), str(reference.get("sourcedId", ""))


def _fields_in(text: str, known: list[PersonalTrait]) -> list[str]:
    return [trait.field for trait in known if trait.is_in(text)]


@rule(
    "OR-PRV-04",
    family="privacy",
    title="No link to another page holds what is known of a person",
    clause="4 Link rules, the parameters of the request [B]",
    example="the next link carries the mail address of the last row as a cursor",
    fix="let links say limit and offset; a cursor has to be opaque",
    over=of_people,
)
def no_person_in_links(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    linked = [reading for reading in tenant.readings(operation) if reading.exchange.headers.get("Link")]
    if not linked:
        raise NotExercised("no Link header is sent")
    for reading in linked:
        # What the kit asked for itself comes back in the links, as it should.
        asked = unquote_plus(encoded_query(reading.query))
        addresses = [address for address in _links(reading) if address != asked]
        fields = {
            trait.field
            for row in reading.rows
            for trait in _traits(tenant, operation.element, row)
            if not trait.is_in(asked) and any(trait.is_in(address) for address in addresses)
        }
        if fields:
            yield exchange_finding(f"the Link header holds {', '.join(sorted(fields))} of a row", reading.exchange)
            return


def _links(reading: ParsedResponse) -> list[str]:
    known = httpx.Response(200, headers=reading.exchange.headers).links.values()
    return [unquote_plus(link.get("url", "")) for link in known]


def of_demographics(tenant: ObservedTenant) -> Iterator[Operation]:
    """The demographics that can be read."""
    return (each for each in readable(tenant) if each.tag == DEMOGRAPHICS)


@rule(
    "OR-PRV-05",
    family="privacy",
    title="Demographics are read with their own scope only",
    clause="7.4 scopes: roster-demographics.readonly gives demographics, roster.readonly does not [A]",
    example="a token for roster.readonly reads birth dates",
    fix="ask for the scope roster-demographics.readonly at the demographics endpoints, and answer 403 without it",
    over=of_demographics,
    needs=("OR-ACC-01", "OR-ACC-02"),
)
def demographics_need_their_scope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    others = tuple(
        scope for scope in required_scopes(tenant.standard.specification) if scope not in operation.oauth_scopes
    )
    yield from out_of_scope(tenant, operation, others)
