"""Faults that show on one kind of collection only: its smallest page, its empty page, its links, its errors."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from abc import abstractmethod
from dataclasses import replace
from typing import Final

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import KIMONO, NO_GRADEBOOK, SMALL_DATA, Needs
from oneroster.sandbox.http.link_header import LinkSet, PageWindow
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, unknown_object
from oneroster.sandbox.requests.operation_request import OperationRequest, RowQuery, parameter_of

_PAGED: Final = Needs(without=SMALL_DATA | KIMONO | {"page-cap"})
_LINKED: Final = Needs(without=SMALL_DATA | {"no-links", "page-cap"})
_GRADES: Final = Needs(without=SMALL_DATA | NO_GRADEBOOK)
_STATUS_OBJECT: Final = Needs(features=frozenset({"nested minor codes"}))
_FEW: Final = 2
_RESOURCES: Final = "Resource"
_SEVERITY: Final = "imsx_severity"
_REFUSED: Final = "malformed id"


def _is_empty(request: OperationRequest, reply: Reply) -> bool:
    return reply.status == 200 and isinstance(reply.body, dict) and reply.body.get(request.operation.wrapper) == []


class ResourcesDefaultOfTwo(Fault):
    name = "resources-default-of-two"
    does = "returns two resources if the request has no limit"
    breaks = "3.1 limit [A]: 100 without the parameter"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        applies = request.operation.element == _RESOURCES and parameter_of(request, "limit") is None
        return window._replace(limit=_FEW) if applies else window


class OneIsTwo(Fault):
    name = "one-is-two"
    does = "returns two demographics records for limit=1"
    breaks = "3.1 limit [A]: number of records"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        applies = request.operation.element == "Demographics" and window.limit == 1
        return window._replace(limit=_FEW) if applies else window


class NestedSortLosesOffset(Fault):
    name = "nested-sort-loses-offset"
    does = "ignores the offset of nested collections that are sorted"
    breaks = "3.1 offset [A]: index of the first record"
    needs = _PAGED

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        applies = request.operation.scope is not None and request.query.sort is not None
        return window._replace(offset=0) if applies else window


class NestedNextSkipsRow(Fault):
    name = "nested-next-skips-row"
    does = "leaves one row out between a page of a nested collection and its next link"
    breaks = "4 Link rules [B]: next continues the collection"
    needs = _LINKED

    def links(self, request: OperationRequest, links: LinkSet) -> LinkSet:
        following = links.pages.get("next")
        if request.operation.scope is None or following is None:
            return links
        later = following._replace(offset=following.offset + 1)
        return links._replace(pages={**links.pages, "next": later})


class NestedNothingFound(Fault):
    name = "nested-nothing-found"
    does = "responds with 404 to a nested collection without rows, although the parent exists"
    breaks = "6.1 a collection without records [B]: 200 with an empty array"
    needs = Needs(without=SMALL_DATA)

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        plain = request.operation.scope is not None and request.query.filter is None and total == 0
        return error_reply(unknown_object("nothing found")) if plain and _is_empty(request, reply) else reply


class NoMatchesNoContent(Fault):
    name = "no-matches-no-content"
    does = "responds with 204 to a filter that no result matches"
    breaks = "6.1 a collection without records [B]: 200 with an empty array"
    needs = _GRADES

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        applies = request.operation.element == "Result" and request.query.filter is not None and total == 0
        return Reply(204) if applies and _is_empty(request, reply) else reply


class AnyTypeIsMarkup(Fault):
    name = "any-type-is-markup"
    does = "sends XML to a client that takes any media type"
    breaks = "1 encodings [A]: JSON"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        takes_any = raw_request.headers.get("accept", "") == "*/*"
        if not takes_any or reply.status != 200 or raw_request.method != "GET" or not isinstance(reply.body, dict):
            return reply
        return replace(reply, body=b"<records/>", media_type="application/xml")


class RareConflict(Fault):
    name = "rare-conflict"
    does = "responds with 409 to orderBy=desc without sort, at an offset greater than 0"
    breaks = "6.1 HTTP codes [B]: the list does not have 409"

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        unsorted = ("orderBy", "desc") in request.pairs and parameter_of(request, "sort") is None
        return error_reply(Problem(409, "invalid data", "conflict")) if unsorted and request.query.offset else reply


class UnknownResultMalformed(Fault):
    name = "unknown-result-malformed"
    does = "responds with 400 to a result that does not exist"
    breaks = "6.1 status 404 [A]: a sourcedId that was never assigned"
    needs = _GRADES

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or reply.status != 404 or request.operation.operation_id != "getResult":
            return reply
        return error_reply(Problem(400, "invalid data", _REFUSED))


class NestedZeroCrashes(Fault):
    name = "nested-zero-crashes"
    does = "responds with 500 to limit=0 in nested collections"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    needs = Needs(without=SMALL_DATA | KIMONO)
    hides = frozenset({"invalid number"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        applies = request is not None and request.operation.scope is not None and ("limit", "0") in request.pairs
        return error_reply(Problem(500, "invalid data", "unexpected failure")) if applies else reply


class SeverityInCapitals(Fault):
    name = "severity-in-capitals"
    does = "writes the severity of a 400 as Error"
    breaks = "3.5 status object [A]: a closed list of severities"
    needs = _STATUS_OBJECT

    def formed_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != 400 or not isinstance(reply.body, dict) or _SEVERITY not in reply.body:
            return reply
        return replace(reply, body={**reply.body, _SEVERITY: "Error"})


class ResourcesOfAnyParent(Fault):
    name = "resources-of-any-parent"
    does = "responds with an empty array to the resources of a parent that does not exist"
    breaks = "3.6 status 404 [A]: id unknown; where an array is only a warning [B]"
    needs = Needs(features=frozenset({"nested minor codes"}))

    def missing_parents(self, request: OperationRequest, missing: list[Problem]) -> list[Problem]:
        return [] if request.operation.element == _RESOURCES else missing


class AnyTokenForSchools(Fault):
    name = "any-token-for-schools"
    does = "accepts any bearer token for the list of schools"
    breaks = "6.1 status 401 [A]: bad token"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        applies = raw_request.raw_path.endswith(b"/schools") and raw_request.has_credentials
        return Authenticated() if applies else outcome


class UnknownIdsBeforeCredentials(Fault):
    name = "unknown-ids-before-credentials"
    does = "responds with 404 to an unknown id without credentials"
    breaks = "6.1 status 401 [B]: before what is known, in the sense of RFC 9110, 15.5.2"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or reply.status != 401 or request.operation.method != "GET":
            return reply
        query = RowQuery(request.element, request.operation.subset, None, {}, request.query)
        found = request.store.read(query.element, request.sourced_id, subset=query.subset)
        return error_reply(unknown_object("no such record")) if found is None else reply


class CategoriesNeedBothScopes(Fault):
    name = "categories-need-both-scopes"
    does = "refuses the categories to a token that has only one of the two scopes for them"
    breaks = "4.2 scopes [B]: one of them is enough"
    needs = Needs(access="oauth2", features=frozenset({"score scales"}))

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        if not isinstance(outcome, Authenticated) or outcome.scopes is None:
            return outcome
        names = {scope.rpartition("/")[2] for scope in outcome.scopes}
        partly = not {"gradebook.readonly", "gradebook-core.readonly"} <= names
        return Authenticated(frozenset()) if partly and raw_request.raw_path.endswith(b"/categories") else outcome


class OffsetWraps(Fault):
    name = "offset-wraps"
    does = "begins again with the first row of courses behind the last"
    breaks = "3.1 offset [A]: index of the first record"
    needs = Needs(without=SMALL_DATA | {"page-cap", "no-total"})

    def page_window(self, request: OperationRequest, window: PageWindow, total: int) -> PageWindow:
        applies = request.operation.path == "/courses" and window.offset >= total > 0
        return window._replace(offset=window.offset % total) if applies else window


class LaterPagesWhole(Fault):
    name = "later-pages-whole"
    does = "returns whole records on every page but the first, whatever fields are selected"
    breaks = "3.4 field selection [B]: the requested fields and no others"
    needs = _PAGED

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        if not request.query.fields or not request.query.offset or reply.status != 200:
            return reply
        rows = RowQuery(
            request.element, request.operation.subset, request.operation.scope, request.ids, request.query
        ).select(request.store)
        page = rows.page(request.query.offset, request.query.limit)
        whole = [request.serializer.serialize(request.element, row, request.origin) for row in page]
        return replace(reply, body={**reply.body, request.operation.wrapper: whole})


class _Crash(Fault, abstract=True):
    """Responds with 500 to some requests."""

    hides = frozenset({"invalid number"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        crashes = request is not None and reply.status < 500 and self.fails_on(request)
        return error_reply(Problem(500, "invalid data", "unexpected failure")) if crashes else reply

    @abstractmethod
    def fails_on(self, request: OperationRequest) -> bool:
        """Return whether a request fails."""


class SignCrashes(_Crash):
    name = "sign-crashes"
    does = "responds with 500 to a limit with a plus sign or a blank before it"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def fails_on(self, request: OperationRequest) -> bool:
        return any(name == "limit" and value[:1] in ("+", " ") for name, value in request.pairs)


class DirectionInCapitalsCrashes(_Crash):
    name = "direction-in-capitals-crashes"
    does = "responds with 500 to orderBy=DESC"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def fails_on(self, request: OperationRequest) -> bool:
        return ("orderBy", "DESC") in request.pairs


class DottedReferenceCrashes(_Crash):
    name = "dotted-reference-crashes"
    does = "responds with 500 if a field of a reference is selected in enrollments"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def fails_on(self, request: OperationRequest) -> bool:
        dotted = any(name == "fields" and "." in value for name, value in request.pairs)
        return dotted and request.operation.path == "/enrollments"


class GradesOptionsCrash(Fault):
    name = "grades-options-crash"
    does = "responds with 500 to OPTIONS on one record of the gradebook"
    breaks = "6.1 status 500 [A]: unexpected failures only"
    needs = _GRADES

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        place = raw_request.raw_path.split(b"/")[-2]
        applies = raw_request.method == "OPTIONS" and place in (b"categories", b"lineItems", b"results")
        return error_reply(Problem(500, "invalid data", "unexpected failure")) if applies else reply


class SelectionOpen(Fault):
    name = "selection-open"
    does = "serves demographics without credentials if the only parameter is fields"
    breaks = "6.1 status 401 [A]: not authenticated"
    needs = Needs(without=SMALL_DATA | KIMONO)

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        only = raw_request.query_string.startswith(b"fields=") and b"&" not in raw_request.query_string
        applies = only and raw_request.raw_path.endswith(b"/demographics") and not raw_request.has_credentials
        return Authenticated() if applies else outcome


class PathsBelowOrgs(Fault):
    name = "paths-below-orgs"
    does = "responds with 200 and an empty object to unknown paths below an org"
    breaks = "6.1 status 404 [A]: no resource behind the URI"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        below = raw_request.raw_path.partition(b"/orgs/")[2]
        return Reply(200, {}) if b"/" in below and reply.status == 404 and raw_request.method == "GET" else reply


class SelectedUnknownCrashes(Fault):
    name = "selected-unknown-crashes"
    does = "responds with 500 to an unknown id if there are fields"
    breaks = "6.1 status 500 [A]: unexpected failures only"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or reply.status != 404 or request.operation.many or not request.query.fields:
            return reply
        return error_reply(Problem(500, "invalid data", "unexpected failure"))
