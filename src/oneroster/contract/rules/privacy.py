"""Privacy rules: personal data is only in records, not in errors, URLs or links, and needs the right scope."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final
from urllib.parse import unquote_plus

from oneroster.contract.errors import NotOffered
from oneroster.contract.http.exchange import Exchange, encoded_query
from oneroster.contract.http.parsed_response import ParsedResponse, Record, identity
from oneroster.contract.http.target import required_scopes
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, exchange_finding
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_coverage import operation_at
from oneroster.contract.observation.operation_selectors import first_usable_response, readable, readable_path, reads
from oneroster.contract.oracle.error_leaks import response_texts
from oneroster.contract.oracle.personal_data import NAMES, IdentifyingValues, personal_fields_in, personal_traits
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.access_oauth2_tokens import DEMOGRAPHICS, expect_no_access
from oneroster.transport.link_header import links_of
from oneroster_runtime.specification import Operation, Property

BAD_REQUESTS: Final = ("fields=", "limit=-1", "filter=")
"""Queries that may make the read of an existing record fail."""
USER: Final = "User"


def _traits(tenant: ObservedTenant, element: str | None, row: Record) -> list[IdentifyingValues]:
    return personal_traits(tenant.specification.elements[element or ""], row)


def operations_with_secrets(tenant: ObservedTenant) -> Iterator[Operation]:
    """Every operation whose records have a secret property, which are those that return users."""
    return (each for each in readable(tenant) if _secrets(tenant, each))


def first_operation_with_secrets(tenant: ObservedTenant) -> Iterator[Operation]:
    """The first of these operations, which is the collection of all users if the tenant serves it."""
    return islice(operations_with_secrets(tenant), 1)


def _secrets(tenant: ObservedTenant, operation: Operation) -> list[Property]:
    return [known for known in tenant.properties(operation.element).values() if known.secret]


@rule(
    "OR-PRV-01",
    family="privacy",
    title="No record contains a password",
    clause="5.13 password, optional: it may be sent, but no client is known to request it [C]",
    example="users have their password in plain text",
    fix="omit the property; users should sign in by single sign-on, not by a password from a roster",
    over=first_operation_with_secrets,
)
def no_password(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    seen = 0
    tallies: dict[str, CauseCount] = {}
    for reading in tenant.readings(operation):
        for row in reading.rows:
            seen += 1
            for known in _secrets(tenant, operation):
                # Some servers send an empty string instead of omitting a property.
                if row.get(known.name):
                    tallies.setdefault(known.name, CauseCount(reading)).add(identity(row))
    for name, tally in tallies.items():
        yield counted_finding(
            f"{name} is present in {count_of(tally.count, 'record')}", tally, f"{operation.wrapper}[].{name}", seen
        )


def personal_reads(tenant: ObservedTenant) -> Iterator[Operation]:
    """The single reads that returned a record with personal data."""
    return (
        each for each in reads(tenant) if _traits(tenant, each.element, first_usable_response(tenant, each).rows[0])
    )


@rule(
    "OR-PRV-02",
    family="privacy",
    title="An error response contains no personal data",
    clause="6.2 error payload, description [B]",
    example="the description of a 400 names the student whose record was requested",
    fix="name the parameter, the field or the sourcedId in a description, never a value of a record",
    over=personal_reads,
)
def no_person_in_errors(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    known = first_usable_response(tenant, operation)
    path, failed = readable_path(tenant, operation), False
    for query in BAD_REQUESTS:
        exchange = tenant.probe(path, query)
        if exchange.status < 400:
            continue
        failed = True
        if fields := _personal_fields(tenant, operation, known.rows[0], exchange):
            yield exchange_finding(
                f"an HTTP {exchange.status} response contains the {', '.join(fields)} of the requested record", exchange
            )
            return
    if operation == next(personal_reads(tenant), None):
        for exchange in tuple(tenant.gateway.incidents.errors):
            if (name := _names_of_anyone(tenant, exchange)) is not None:
                text = f"an HTTP {exchange.status} response contains the {name} of a user"
                place = operation_at(tenant, exchange) or operation
                yield replace(exchange_finding(text, exchange), operation_id=place.operation_id)
                return
    if not failed:
        raise NotOffered("no request for an existing record returned an error")


def _personal_fields(tenant: ObservedTenant, operation: Operation, row: Record, exchange: Exchange) -> list[str]:
    text = "\n".join(response_texts(exchange))
    return personal_fields_in(tenant.specification.elements[operation.element or ""], row, text)


class _People:
    """The full names of all users that were read, by the first word of the family name."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self.by_word: dict[str, list[IdentifyingValues]] = {}
        users = tenant.dialect.collection_of(USER)
        for row in tenant.known_rows(users).values() if users is not None and users in set(readable(tenant)) else ():
            for trait in _traits(tenant, USER, row):
                if len(trait.values) == len(NAMES) and (words := _words(trait.values[-1])):
                    self.by_word.setdefault(words[0], []).append(trait)

    @classmethod
    def of(cls, tenant: ObservedTenant) -> "_People":
        """Return the people of a tenant."""
        return tenant.memo(cls, lambda: cls(tenant))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _names_of_anyone(tenant: ObservedTenant, exchange: Exchange) -> str | None:
    """Return which fields of a user are in an error response and not in its request."""
    text, asked = "\n".join(response_texts(exchange)), unquote_plus(exchange.target)
    people = _People.of(tenant).by_word
    for word in dict.fromkeys(_words(text)):
        for trait in people.get(word, ()):
            if trait.is_in(text) and not any(value.casefold() in asked.casefold() for value in trait.values):
                return trait.field
    return None


def operations_referring_to_users(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operations whose records contain references to users."""
    return (each for each in readable(tenant) if _references(tenant, each))


def _references(tenant: ObservedTenant, operation: Operation) -> list[str]:
    known = tenant.properties(operation.element).values()
    return [each.name for each in known if each.refers_to == USER]


@rule(
    "OR-PRV-03",
    family="privacy",
    title="The href of a reference contains no personal data",
    clause="5.2 href, the address of the object by its sourcedId [B]",
    example="the href of a user ends in the email address, or contains it as a parameter",
    fix="build URLs from sourcedIds only, because URLs are stored in logs, histories and caches",
    over=operations_referring_to_users,
)
def no_person_in_hrefs(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    people = _traits_by_user(tenant)
    tallies: dict[tuple[str, str], CauseCount] = {}
    seen = 0
    for reading in tenant.readings(operation):
        for row in reading.rows:
            seen += 1
            for name, href, person in _user_references(tenant, operation, row):
                for field in _fields_in(unquote_plus(href), people.get(person, [])):
                    tallies.setdefault((name, field), CauseCount(reading)).add(identity(row))
    for (name, field), tally in tallies.items():
        pointer = f"{operation.wrapper}[].{name}.href"
        yield counted_finding(
            f"{name}.href contains the {field} of the user in {count_of(tally.count, 'record')}", tally, pointer, seen
        )


def _traits_by_user(tenant: ObservedTenant) -> dict[str, list[IdentifyingValues]]:
    """Return the identifying values of every user, by sourcedId."""
    users = tenant.all_rows(tenant.dialect.collection_of(USER))
    return {sourced_id: _traits(tenant, USER, row) for sourced_id, row in users.items()}


def _user_references(tenant: ObservedTenant, operation: Operation, row: Record) -> Iterator[tuple[str, str, str]]:
    """Yield the references of a record to users, as property, href and sourcedId."""
    for name in _references(tenant, operation):
        value = row.get(name)
        for reference in value if isinstance(value, list) else [value]:
            if isinstance(reference, dict):
                yield name, str(reference.get("href", "")), str(reference.get("sourcedId", ""))


def _fields_in(text: str, known: list[IdentifyingValues]) -> list[str]:
    return [trait.field for trait in known if trait.is_in(text)]


@rule(
    "OR-PRV-04",
    family="privacy",
    title="Links to other pages contain no personal data",
    clause="4 Link rules, the parameters of the request [B]",
    example="the next link contains the email address of the last row as a cursor",
    fix="use limit and offset in links; a cursor must be opaque",
    stands_on=("header Link",),
    over=operations_with_secrets,
)
def no_person_in_links(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    linked = [reading for reading in tenant.readings(operation) if reading.exchange.headers.get("Link")]
    if not linked:
        raise NotOffered("the response has no Link header")
    for reading in linked:
        # Links rightly repeat the query of the request, so values from it do not count.
        asked = unquote_plus(encoded_query(reading.query))
        addresses = [address for address in _links(reading) if address != asked]
        fields = {
            trait.field
            for row in reading.rows
            for trait in _traits(tenant, operation.element, row)
            if not trait.is_in(asked) and any(trait.is_in(address) for address in addresses)
        }
        if fields:
            yield exchange_finding(
                f"the Link header contains the {', '.join(sorted(fields))} of a record on the page", reading.exchange
            )
            return


def _links(reading: ParsedResponse) -> list[str]:
    return [unquote_plus(link.url) for link in links_of(reading.exchange.headers)]


def demographics_operations(tenant: ObservedTenant) -> Iterator[Operation]:
    """The operations on demographics that could be read."""
    return (each for each in readable(tenant) if each.tag == DEMOGRAPHICS)


@rule(
    "OR-PRV-05",
    family="privacy",
    title="Reading demographics requires their own scope",
    clause="7.4 scopes: roster-demographics.readonly gives demographics, roster.readonly does not [B]",
    example="a token for roster.readonly reads birth dates",
    fix="require the scope roster-demographics.readonly on the demographics endpoints, and return 403 without it",
    stands_on=("scheme oauth2", "scopes", "status 403"),
    over=demographics_operations,
)
def demographics_need_their_scope(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    others = tuple(
        scope for scope in required_scopes(tenant.standard.specification) if scope not in operation.oauth_scopes
    )
    # Together first: one token shows whether any of them opens the demographics.
    yield from expect_no_access(tenant, operation, (" ".join(others), *others))
