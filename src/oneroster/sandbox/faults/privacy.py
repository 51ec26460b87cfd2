"""Faults of privacy: personal data appears in URLs, links or error messages."""

# ruff: noqa: ARG002  # hooks have a fixed signature

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.faults.target_records import last_record
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.serialization import Record
from oneroster.sandbox.store.store import Store

_PASSWORD: Final = "sandbox-only"  # noqa: S105  # not a real password: it only fills the property
_NOT_FOUND: Final = 404
_BAD_REQUEST: Final = 400
_STATUS: Final = "statusInfoSet"


class PasswordSent(Fault):
    name = "password-sent"
    does = "sends the password of one more user"
    breaks = "5.13 password [C]: optional, and better not sent"

    def prepare(self, store: Store) -> None:
        without = last_record(store, "User", lambda user: "password" not in user)
        store.put("User", without | {"password": _PASSWORD})


class ErrorNamesPerson(Fault):
    name = "error-names-person"
    does = "puts the name of the requested user into the description of other errors"
    breaks = "6.2 description [B]: describes the problem of the request"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.operation.many or request.element != "User" or reply.status != 400:
            return reply
        user = request.store.read("User", request.sourced_id)
        if user is None:
            return reply
        description = f"cannot show {user['givenName']} {user['familyName']}"
        entries = [entry | {"imsx_description": description} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={"statusInfoSet": entries})


class ErrorNamesAnother(Fault):
    name = "error-names-another"
    does = "puts the name of some user into the description of a rejected request to a collection of users"
    breaks = "6.2 description [B]: describes the problem of the request"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or not request.operation.many or request.element != "User" or reply.status != _BAD_REQUEST:
            return reply
        user = request.store.select("User").page(0, 1)[0]
        description = f"cannot compare with {user['givenName']} {user['familyName']}"
        entries = [entry | {"imsx_description": description} for entry in reply.body[_STATUS]]
        return replace(reply, body={_STATUS: entries})


class HrefHoldsName(Fault):
    name = "href-holds-name"
    does = "adds the full name to the href of the user of an enrollment"
    breaks = "5.2 href [B]: the URL of the object, with its sourcedId"

    def record(self, request: OperationRequest, record: Record) -> Record:
        user = request.store.read("User", record["user"]["sourcedId"]) if request.element == "Enrollment" else None
        if user is None:
            return record
        name = quote(f"{user['givenName']} {user['familyName']}")
        return record | {"user": record["user"] | {"href": f"{record['user']['href']}?name={name}"}}


class LinkHoldsName(Fault):
    name = "link-holds-name"
    does = "adds a link with the full name of the last user to pages of users"
    breaks = "4 Link rules [B]: links repeat the parameters of the request"
    hides = frozenset({"wrapper"})
    needs = Needs(without=SMALL_DATA | {"no-links"})

    def collection_response(self, request: OperationRequest, reply: Reply, total: int) -> Reply:
        rows = reply.body[request.operation.wrapper] if request.element == "User" and reply.status == 200 else []
        if not rows or not {"givenName", "familyName"} <= rows[-1].keys():
            return reply
        name = quote(f"{rows[-1]['givenName']} {rows[-1]['familyName']}")
        known = reply.headers.get("Link")
        link = f'<{request.url}?after={name}>; rel="after"'
        return replace(reply, headers={**reply.headers, "Link": f"{known}, {link}" if known else link})


class LinkHoldsToken(Fault):
    name = "link-holds-token"
    does = "adds the access token to the links of collections"
    breaks = "4 Link rules [B]: links repeat the parameters of the request"
    needs = Needs(without=SMALL_DATA | {"no-links"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        links, token = reply.headers.get("Link"), raw_request.authorization.partition(" ")[2]
        if not links or not token:
            return reply
        link = f'{links}, <{raw_request.url}?access_token={token}>; rel="self"'
        return replace(reply, headers={**reply.headers, "Link": link})


class ErrorRepeatsToken(Fault):
    name = "error-repeats-token"
    does = "repeats an invalid token in the description of a 401"
    breaks = "6.2 description [B]: describes the problem"
    hides = frozenset({"401 body"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        token = raw_request.authorization.partition(" ")[2]
        if reply.status != 401 or not token or not isinstance(reply.body, dict):
            return reply
        entries = [entry | {"imsx_description": f"no such token: {token}"} for entry in reply.body["statusInfoSet"]]
        return replace(reply, body={"statusInfoSet": entries})


class NotFoundRepeatsToken(Fault):
    name = "not-found-repeats-token"
    does = "repeats the token of the request in the description of a 404"
    breaks = "6.2 description [B]: describes the problem"
    needs = Needs(access="oauth2")
    hides = frozenset({"404 body"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        token = raw_request.authorization.partition(" ")[2]
        if reply.status != _NOT_FOUND or not token or not isinstance(reply.body, dict) or _STATUS not in reply.body:
            return reply
        entries = [entry | {"imsx_description": f"nothing for {token}"} for entry in reply.body[_STATUS]]
        return replace(reply, body={_STATUS: entries})
