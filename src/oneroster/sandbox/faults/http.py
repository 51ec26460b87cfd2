"""Faults of HTTP: charsets, methods, caches, compression, negotiation, redirects."""

# ruff: noqa: ARG002  # every hook is given the same arguments, whether or not a fault needs them

import gzip
from dataclasses import replace
from typing import Final

import msgspec

from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.errors import PAGE
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import JSON, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest

_INSIDE: Final = "http://roster-7.internal.example"


class LatinCharset(Fault):
    name = "latin-charset"
    does = "declares its JSON as ISO-8859-1, though it is UTF-8"
    breaks = "1 encodings [B]: UTF-8"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        successful = answer.status == 200 and answer.media_type == JSON
        return replace(answer, media_type=f"{JSON}; charset=ISO-8859-1") if successful else answer


class HeadWithoutTotal(Fault):
    name = "head-without-total"
    does = "leaves X-Total-Count out of its answers to HEAD"
    breaks = "RFC 9110, 9.3.2 [B]: HEAD sends the headers of GET"

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        if arrival.method != "HEAD":
            return answer
        kept = {name: value for name, value in answer.headers.items() if name != "X-Total-Count"}
        return replace(answer, headers=kept)


class OptionsSilent(Fault):
    name = "options-silent"
    does = "answers OPTIONS with 200 and names no methods"
    breaks = "RFC 9110, 9.3.7 [B]: OPTIONS names the methods in Allow"

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        return Reply(200, {}) if arrival.method == "OPTIONS" else answer


class SharedCache(Fault):
    name = "shared-cache"
    does = "lets shared caches keep users for an hour"
    breaks = "RFC 9111, 3.5 [B]: authorised answers are for one caller"

    def answer(self, call: OperationRequest | None, answer: Reply) -> Reply:
        if call is None or call.element != "User" or answer.status != 200:
            return answer
        return replace(answer, headers={**answer.headers, "Cache-Control": "public, max-age=3600"})


class AlwaysGzip(Fault):
    name = "always-gzip"
    does = "compresses its data for everyone, whatever the request accepts"
    breaks = "RFC 9110, 12.5.3 [B]: only what is accepted"

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        # Who accepts gzip is served by the framework.
        if answer.status != 200 or answer.body is None or "gzip" in arrival.headers.get("accept-encoding", ""):
            return answer
        content = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        return replace(answer, body=gzip.compress(content, 1, mtime=0), headers=headers)


class HtmlForBrowsers(Fault):
    name = "html-for-browsers"
    does = "answers with an HTML page when the request accepts text/html"
    breaks = "1 encodings [B]: JSON"

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        wanted = answer.status == 200 and "text/html" in arrival.headers.get("accept", "")
        return replace(answer, body=PAGE, media_type="text/html") if wanted else answer


class SlashRedirect(Fault):
    name = "slash-redirect"
    does = "redirects addresses with a slash at their end to the name that it has inside"
    breaks = "RFC 9110, 10.2.2 [B]: Location is the address for the client"

    def sent(self, arrival: RawRequest, answer: Reply) -> Reply:
        if answer.status != 404 or not arrival.raw_path.endswith(b"/"):
            return answer
        path = arrival.raw_path.decode("latin-1").rstrip("/")
        return Reply(301, headers={"Location": _INSIDE + path})


FAULTS = (
    LatinCharset,
    HeadWithoutTotal,
    OptionsSilent,
    SharedCache,
    AlwaysGzip,
    HtmlForBrowsers,
    SlashRedirect,
)
