"""Privacy rules on what appears where it does not belong: credentials in links and errors, demographics in users."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import unquote_plus

from oneroster.contract.errors import ExplainedBy, OtherAuthentication
from oneroster.contract.http.credentials import NoCredentials, OAuth1Credentials, OAuth2Credentials
from oneroster.contract.http.parsed_response import Record, identity
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import CauseCount, count_of, counted_finding, exchange_finding, finding
from oneroster.contract.observation.near_credentials import NearToken, token_in_use
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_selectors import first_readable, readable, readable_path
from oneroster.contract.observation.provoked_errors import ExpectedErrors, Refusals
from oneroster.contract.oracle.error_leaks import response_texts
from oneroster.contract.oracle.reference_forms import references_in
from oneroster.contract.result import Finding
from oneroster.contract.rule import rule
from oneroster.contract.rules.semantics_values import base_collection_of
from oneroster.transport.link_header import links_of
from oneroster_runtime.specification import Operation

DEMOGRAPHICS: Final = "Demographics"
WRONG_TOKEN: Final = "oneroster-check-wrong-token-5f1c"  # noqa: S105  # not a secret: no server has issued it
CREDENTIAL_NAMES: Final = frozenset(
    {"access_token", "oauth_token", "oauth_signature", "client_secret", "token", "apikey"}
)
SHORT: Final = 3
"""Letters; shorter names are part of ids by chance."""
MOST_ROWS: Final = 20
"""Rows of a page whose addresses are looked at; servers build all of them alike."""
BAD_QUERIES: Final = ("filter=", "limit=-1", "fields=")


def secrets_of(tenant: ObservedTenant) -> list[str]:
    """Return the secrets that the run sends."""
    access = tenant.gateway.target.access
    found = [access.client_secret] if isinstance(access, OAuth1Credentials | OAuth2Credentials) else []
    with suppress(OtherAuthentication):
        found.append(token_in_use(tenant))
    return [text for text in found if text]


@rule(
    "OR-PRV-09",
    family="privacy",
    title="The sourcedId of a user contains no personal data",
    clause="1.1 sourcedId, must not contain personal data [A]",
    example="the sourcedId of a user is the email address, or is made of both names",
    fix="make ids from numbers or random letters; they appear in URLs and logs",
    over=base_collection_of("User"),
)
def anonymous_ids(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    found = tenant.walk(operation)
    named = sum(map(_names_its_user, found.rows))
    if named:
        # The ids are not shown, because they are the personal data.
        yield finding(
            f"{named} of {count_of(len(found), 'sourcedId')} contain an email address or a full name", found.pages[0]
        )


def _names_its_user(row: Record) -> bool:
    """Return whether the sourcedId of a user contains the email address, or the given and the family name."""
    email, *names = (str(row.get(name) or "").casefold() for name in ("email", "givenName", "familyName"))
    sourced_id = (identity(row) or "").casefold()
    return ("@" in email and email in sourced_id) or all(len(name) > SHORT and name in sourced_id for name in names)


@rule(
    "OR-PRV-06",
    family="privacy",
    title="Links to pages and addresses of records contain no credentials",
    clause="4 Link rules, the parameters of the request; RFC 6750, 2.3 [B]",
    example="the next link contains access_token=…, so the token is written to logs",
    fix="build links from the path and the query without credentials; the client sends its header with every request",
    stands_on=("header Link",),
    over=lambda tenant: (each for each in readable(tenant) if each.many),
)
def no_credentials_in_links(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    secrets = secrets_of(tenant)
    for reading in tenant.readings(operation):
        for link in links_of(reading.exchange.headers):
            names = {name.lower() for name in _parameters(link.url)}
            if names & CREDENTIAL_NAMES or any(text in unquote_plus(link.url) for text in secrets):
                yield exchange_finding("the Link header contains a credential", reading.exchange)
                return
        for row in reading.rows[:MOST_ROWS]:
            hrefs = [str(item.get("href", "")) for value in row.values() for item in references_in(value)]
            if any({name.lower() for name in _parameters(href)} & CREDENTIAL_NAMES for href in hrefs):
                yield exchange_finding("the href of a reference contains a credential", reading.exchange)
                return


def _parameters(address: str) -> list[str]:
    query = address.partition("?")[2]
    return [piece.partition("=")[0] for piece in query.split("&")]


@rule(
    "OR-PRV-07",
    family="privacy",
    title="An error response does not repeat a credential",
    clause="6.2 error payload, description; 6.1 401 [B]",
    example="the description of a 401 is `token abc123 is not valid`",
    fix="say that the token is not valid, and write at most its last characters to the log",
    stands_on=("status 401",),
    over=first_readable,
)
def no_credentials_in_errors(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    if isinstance(tenant.gateway.target.access, NoCredentials):
        raise OtherAuthentication("credentials")
    path, secrets = readable_path(tenant, operation), secrets_of(tenant)
    probes = [tenant.probe(path, access=NearToken(WRONG_TOKEN, "of another client"))]
    probes += [tenant.probe(path, query) for query in BAD_QUERIES]
    for each in tenant.dialect.operations.values():
        # What other rules have provoked, of every kind of error.
        probes += [*ExpectedErrors.of(tenant).all(each), *Refusals.of(tenant).all(each)]
    failed = [exchange for exchange in probes if exchange.status >= 400]
    if not failed:
        raise ExplainedBy(("OR-ACC-02",), "no request was answered with an error")
    for exchange in failed:
        text = "\n".join((*response_texts(exchange), *exchange.headers.values()))
        if any(secret in text for secret in (WRONG_TOKEN, *secrets)):
            yield exchange_finding(
                f"an HTTP {exchange.status} response repeats the credential of the request", exchange
            )
            return


def demographic_properties(tenant: ObservedTenant, element: str) -> set[str]:
    """Return the properties that only demographics have, and the names of demographics inside other records."""
    if element == DEMOGRAPHICS or DEMOGRAPHICS not in tenant.specification.elements:
        return set()
    own = tenant.properties(DEMOGRAPHICS).keys() - tenant.properties(element).keys()
    return {*own, "demographics", "demographic"}


def reads_of_others(tenant: ObservedTenant) -> Iterator[Operation]:
    """The readable operations on other records than demographics."""
    return (each for each in readable(tenant) if each.element != DEMOGRAPHICS)


@rule(
    "OR-PRV-08",
    family="privacy",
    title="Demographics are in demographics records only",
    clause="5.6 Demographics; 7.4 scopes: roster-demographics.readonly gives demographics [B]",
    example="a user has the property birthDate, or an object `demographics`",
    fix="serve birth dates, sex and race under /demographics only, which has a scope of its own",
    over=reads_of_others,
)
def demographics_apart(tenant: ObservedTenant, operation: Operation) -> Iterator[Finding]:
    private = demographic_properties(tenant, operation.element or "")
    seen = 0
    tallies: dict[tuple[str, Level | None], CauseCount] = {}
    for reading in tenant.readings(operation):
        for row in reading.rows:
            seen += 1
            inner = set().union(*(value.keys() for value in row.values() if isinstance(value, dict)))
            for name in private & (row.keys() | inner):
                # Records may be closed, but metadata is open.
                level = None if name in row else Level.SHOULD
                tallies.setdefault((name, level), CauseCount(reading)).add(identity(row))
    for (name, level), tally in tallies.items():
        message = f"the demographic property {name} is present in {count_of(tally.count, 'record')}"
        yield counted_finding(message, tally, f"{operation.wrapper}[].{name}", seen, level)
