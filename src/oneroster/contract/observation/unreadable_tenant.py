"""Say why no collection of a tenant could be read: refused, not there, busy, or no OneRoster server at this URL.

Messages have statuses, counts and media types, and nothing else of what was received.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from oneroster.contract.errors import AccessRefusedError, BudgetSpentError, TenantNotTestableError
from oneroster.contract.http.credentials import NoCredentials, OAuth2Credentials
from oneroster.contract.http.exchange import UNREADABLE, Exchange
from oneroster.contract.http.incidents import NO_ANSWER
from oneroster.contract.http.parsed_response import ParsedResponse
from oneroster.contract.http.sender import LogEntry
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.counts import count_of
from oneroster.settings import option_of, variable_of, where_credentials_come_from
from oneroster.standard import Standard

__all__ = ["require_data", "spent_before_reading", "unanswered_in_words"]

OK: Final = 200
REFUSED: Final = frozenset({401, 403})
REDIRECTS: Final = range(300, 400)
GATEWAY: Final = frozenset({502, 504})
OTHER_SCHEMES: Final = frozenset({"Basic", "Digest", "Negotiate", "Ntlm"})
RECORD: Final = b"sourcedId"
"""What is part of every answer of OneRoster with records."""
_STATUS_PAYLOAD: Final = ("imsx", "statusinfo", "error", "warning")
"""How the members of an error of OneRoster begin, in lower case."""
_HTML: Final = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}")


def require_data(tenant: ObservedTenant) -> None:
    """Raise the reason why a tenant cannot be judged after all its collections were asked for, if there is one.

    Raises:
        AccessRefusedError: Every collection is refused.
        TenantNotTestableError: No collection can be read.
    """
    responses = tenant.readings()
    if any(response.exchange.status == OK for response in responses):
        _require_oneroster(tenant, responses)
        return
    statuses = Counter(response.exchange.status for response in responses)
    if responses and set(statuses) <= REFUSED:
        other = _other_scheme(responses)
        raise AccessRefusedError(
            f"every collection is refused ({_in_words(statuses)}){other}; {_advice_on_access(tenant)}"
        )
    named = sorted(tenant.plan.operations or ())
    one = len(named) == 1
    text = f"{named[0] if one else 'no collection'} can{'not' if one else ''} be read at {_base_url(tenant)}"
    if not responses:
        raise TenantNotTestableError(f"{text}: {_responses_in_words(tenant)}; {_advice_on_silence(tenant)}")
    if set(statuses) <= set(REDIRECTS):
        advice = f"redirects are not followed: they often lead to a login page, or to https; {_usual_endings(tenant)}"
    else:
        advice = _usual_endings(tenant) + (", and that the tenant offers it" if one else "")
    raise TenantNotTestableError(f"{text} ({_in_words(statuses)}); {advice}")


def spent_before_reading(tenant: ObservedTenant, error: BudgetSpentError) -> BudgetSpentError:
    """Return the error of a run that ended while the collections were read, with what came and what to do."""
    came = _responses_in_words(tenant)
    if any(entry.status is not None and entry.status not in NO_ANSWER for entry in tenant.gateway.log):
        busy = tenant.gateway.incidents.unanswered or tenant.gateway.incidents.repeated
        later = ", or try again when the server is less busy" if busy else ""
        advice = f"not all collections were read; raise that limit{later}"
    else:
        advice = f"nothing was read; {_advice_on_silence(tenant)}"
    return BudgetSpentError(f"{error} after {came}: {advice}")


def _responses_in_words(tenant: ObservedTenant) -> str:
    """Return how many requests were sent, and how often each status that is no response of the API came."""
    repeated = tenant.gateway.incidents.repeated.total()
    again = f", {repeated} of them repeats because the server was busy" if repeated else ""
    parts = [f"{what} {count_of(count, 'time')}" for what, count in unanswered_in_words(tenant.gateway.log).items()]
    return f"{count_of(len(tenant.gateway.log), 'request')}{again}" + (f" ({', '.join(parts)})" if parts else "")


def unanswered_in_words(log: Iterable[LogEntry]) -> dict[str, int]:
    """Return how many requests got no response of the API, by what came instead, the most frequent first."""
    log = tuple(log)
    counts = Counter(entry.status for entry in log if entry.status is None or entry.status in NO_ANSWER)
    return {f"HTTP {status}" if status else "no complete response": count for status, count in counts.most_common()}


def _require_oneroster(tenant: ObservedTenant, responses: Iterable[ParsedResponse]) -> None:
    """Raise an error if no response is of a OneRoster server, as with a login page in place of all of them."""
    successful = [response for response in responses if response.exchange.status == OK]
    wrappers = frozenset(operation.wrapper for operation in tenant.standard.specification.operations.values())
    if tenant.plan.operations is not None or not all(_is_foreign(response, wrappers) for response in successful):
        # Of a run that names its operations, one that answers otherwise than the rest may be all that was asked for.
        return
    # What was noted of these responses is no property of a OneRoster server.
    tenant.odd_envelopes.clear()
    tenant.odd_media_types.clear()
    kinds = Counter(_kind(response.exchange) for response in successful)
    seen = ", ".join(f"{kind} {count_of(count, 'time')}" for kind, count in kinds.most_common(2))
    raise TenantNotTestableError(
        f"no response at {_base_url(tenant)} is of OneRoster (HTTP 200 with {seen}): this is probably not the base URL"
        f" of OneRoster, or a login page stands before it; {_usual_endings(tenant)}"
    )


def _is_foreign(response: ParsedResponse, wrappers: frozenset[str | None]) -> bool:
    """Return whether a successful response has nothing of OneRoster: neither records nor a key of the document."""
    exchange = response.exchange
    payload, body = exchange.payload, exchange.body.strip()
    if RECORD in body or not body:
        return False
    if payload is UNREADABLE:
        # JSON that is cut or has a mistake is a violation.
        return _HTML.match(body) is not None or not ("json" in exchange.media_type or body.startswith((b"{", b"[")))
    if isinstance(payload, dict):
        known = wrappers & payload.keys() or any(key.lower().startswith(_STATUS_PAYLOAD) for key in payload)
        return bool(payload) and not known and response.location is None
    return response.location is None


def _kind(exchange: Exchange) -> str:
    """Return what a response holds: its media type, or JSON of another shape."""
    if exchange.payload is not UNREADABLE:
        return "JSON without a key of OneRoster"
    what = "a page of HTML" if _HTML.match(exchange.body) is not None else "a body that is not JSON"
    return f"{what}, {exchange.media_type}," if _MEDIA_TYPE.fullmatch(exchange.media_type) else what


def _usual_endings(tenant: ObservedTenant) -> str:
    """Return what to check about the base URL: its usual ending in each version."""
    endings = {
        version: next(iter(Standard.of(version).specification.services.values())) for version in Standard.versions()
    }
    own = next(iter(tenant.standard.specification.services.values()))
    endings.pop(tenant.standard.version, None)
    others = "".join(f" (OneRoster {version}: {ending})" for version, ending in endings.items())
    name = f"{option_of('base_url')}, {variable_of('base_url')}"
    if _base_url(tenant).endswith(own):
        return f"check host and path of the base URL ({name}); its ending is the usual one{others}"
    return f"check that the base URL ({name}) ends in {own}{others}"


def _other_scheme(responses: Iterable[ParsedResponse]) -> str:
    """Return which scheme a tenant asks for in place of those of OneRoster; empty if none of the usual others."""
    challenges = [response.exchange.headers.get("WWW-Authenticate", "") for response in responses]
    named = {challenge.partition(" ")[0].strip(",").capitalize() for challenge in challenges}
    scheme = next(iter(sorted(named & OTHER_SCHEMES)), "")
    return f", by a server or gateway that asks for HTTP {scheme}, which OneRoster does not have" if scheme else ""


def _advice_on_access(tenant: ObservedTenant) -> str:
    """Return what to do about a tenant that refuses the credentials of the run everywhere."""
    access, names = tenant.gateway.target.access, where_credentials_come_from()
    if isinstance(access, NoCredentials):
        return f"credentials are missing: {names}"
    granted = "the token endpoint granted a token; " if isinstance(access, OAuth2Credentials) else ""
    return f"{granted}check the credentials and their scopes: {names}"


def _advice_on_silence(tenant: ObservedTenant) -> str:
    """Return what to do about a server that answered nothing but that it is busy, or nothing at all."""
    statuses = {entry.status for entry in tenant.gateway.log}
    asked = tenant.gateway.incidents.longest_wait
    wait = f", and asks for a pause of {asked:,.0f} seconds" if asked >= 1 else ""
    if statuses <= GATEWAY:
        return "a gateway is there, and the OneRoster server behind it does not answer; check that server"
    if statuses & {429, 503}:
        return (
            f"the server is busy or down for maintenance{wait}; try again later, or send less often (--rate, --workers)"
            " and wait longer (--max-time)"
        )
    return "check the base URL and that the server is running; --timeout waits longer for each response"


def _base_url(tenant: ObservedTenant) -> str:
    return tenant.gateway.target.base_url


def _in_words(statuses: Mapping[int, int]) -> str:
    """Return how often each status came."""
    return ", ".join(f"HTTP {status} {count_of(count, 'time')}" for status, count in sorted(statuses.items()))
