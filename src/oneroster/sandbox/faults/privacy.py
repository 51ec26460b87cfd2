"""Faults of privacy: what is known of a person turns up where it should not be."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.target_records import last
from oneroster.sandbox.handlers.serialization import Record
from oneroster.sandbox.http.responses import Reply
from oneroster.sandbox.requests.operation_request import OperationRequest
from oneroster.sandbox.store.store import Store

_PASSWORD: Final = "sandbox-only"  # noqa: S105  # nobody's: it shows that the property is there


class PasswordSent(Fault):
    name = "password-sent"
    does = "sends the password of one more user"
    breaks = "5.13 password [C]: optional, and better never sent"

    def prepare(self, store: Store) -> None:
        without = last(store, "User", lambda user: "password" not in user)
        store.put("User", without | {"password": _PASSWORD})


class ErrorNamesPerson(Fault):
    name = "error-names-person"
    does = "names the user whose record was asked for when the request is refused for something else"
    breaks = "6.2 description [B]: what is wrong with the request"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if call is None or call.operation.many or call.element != "User" or answer.status != 400:
            return answer
        user = call.store.read("User", call.sourced_id)
        if user is None:
            return answer
        told = f"cannot show {user['givenName']} {user['familyName']}"
        entries = [entry | {"imsx_description": told} for entry in answer.body["statusInfoSet"]]
        return replace(answer, body={"statusInfoSet": entries})


class HrefHoldsName(Fault):
    name = "href-holds-name"
    does = "puts the full name into the address of the user of an enrollment"
    breaks = "5.2 href [B]: the address of the object by its sourcedId"

    def record(self, call: OperationRequest, record: Record) -> Record:
        user = call.store.read("User", record["user"]["sourcedId"]) if call.element == "Enrollment" else None
        if user is None:
            return record
        name = quote(f"{user['givenName']} {user['familyName']}")
        return record | {"user": record["user"] | {"href": f"{record['user']['href']}?name={name}"}}


class LinkHoldsName(Fault):
    name = "link-holds-name"
    does = "adds a link to the pages of users that holds the full name of their last row"
    breaks = "4 Link rules [B]: the parameters of the request"

    def page(self, call: OperationRequest, answer: Reply, total: int) -> Reply:
        rows = answer.body[call.operation.wrapper] if call.element == "User" and answer.status == 200 else []
        if not rows or not {"givenName", "familyName"} <= rows[-1].keys():
            return answer
        name = quote(f"{rows[-1]['givenName']} {rows[-1]['familyName']}")
        known = answer.headers.get("Link")
        link = f'<{call.url}?after={name}>; rel="after"'
        return replace(answer, headers={**answer.headers, "Link": f"{known}, {link}" if known else link})


FAULTS = (PasswordSent, ErrorNamesPerson, HrefHoldsName, LinkHoldsName)
