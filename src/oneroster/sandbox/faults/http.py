"""Faults of HTTP: charsets, methods, caches, compression, negotiation, redirects."""

# ruff: noqa: ARG002  # hooks have a fixed signature

import codecs
import gzip
import json
from dataclasses import replace
from typing import Final

import msgspec

from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.faults.declarations import SMALL_DATA, Needs
from oneroster.sandbox.faults.error_responses import PAGE
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import JSON, Reply
from oneroster.sandbox.requests.operation_request import OperationRequest

_TOKENS: Final = TOKEN_PATH.encode()
_LATIN: Final = 256
"""Letters of ISO-8859-1."""
_INTERNAL_ORIGIN: Final = "http://roster-7.internal.example"


def _is_data(raw_request: RawRequest, reply: Reply) -> bool:
    return reply.status == 200 and reply.media_type == JSON and raw_request.raw_path != _TOKENS


class LatinCharset(Fault):
    name = "latin-charset"
    does = "declares its JSON as ISO-8859-1, although it is UTF-8"
    breaks = "1 encodings [B]: UTF-8"
    hides = frozenset({"media type"})

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        successful = reply.status == 200 and reply.media_type == JSON
        return replace(reply, media_type=f"{JSON}; charset=ISO-8859-1") if successful else reply


class LatinBytes(Fault):
    name = "latin-bytes"
    does = "sends its JSON in ISO-8859-1, and does not say so"
    breaks = "1 encodings [B]: UTF-8"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _is_data(raw_request, reply) or reply.body is None:
            return reply
        content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        # Other letters as escapes of JSON.
        text = "".join(each if ord(each) < _LATIN else json.dumps(each)[1:-1] for each in content.decode())
        return replace(reply, body=text.encode("latin-1"))


class ByteOrderMark(Fault):
    name = "byte-order-mark"
    does = "sends a byte order mark before its JSON"
    breaks = "1 encodings [B]: JSON text"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if not _is_data(raw_request, reply) or reply.body is None:
            return reply
        content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        return replace(reply, body=codecs.BOM_UTF8 + content)


class HeadWithoutTotal(Fault):
    name = "head-without-total"
    does = "sends no X-Total-Count in responses to HEAD"
    breaks = "RFC 9110, 9.3.2 [B]: HEAD sends the headers of GET"
    needs = Needs(without=SMALL_DATA | {"no-total"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if raw_request.method != "HEAD":
            return reply
        kept = {name: value for name, value in reply.headers.items() if name != "X-Total-Count"}
        return replace(reply, headers=kept)


class OptionsSilent(Fault):
    name = "options-silent"
    does = "responds to OPTIONS with 200 and no Allow header"
    breaks = "RFC 9110, 9.3.7 [B]: OPTIONS lists the methods in Allow"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return Reply(200, {}) if raw_request.method == "OPTIONS" else reply


class SharedCache(Fault):
    name = "shared-cache"
    does = "allows shared caches to keep users for an hour"
    breaks = "RFC 9111, 3.5 [B]: a response to an authorised request is for one caller"

    def api_response(self, request: OperationRequest | None, reply: Reply) -> Reply:
        if request is None or request.element != "User" or reply.status != 200:
            return reply
        return replace(reply, headers={**reply.headers, "Cache-Control": "public, max-age=3600"})


class AlwaysGzip(Fault):
    name = "always-gzip"
    does = "compresses every response, even if the request does not accept gzip"
    breaks = "RFC 9110, 12.5.3 [B]: only accepted codings"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        # Starlette compresses the response if the request accepts gzip.
        if reply.status != 200 or reply.body is None or "gzip" in raw_request.headers.get("accept-encoding", ""):
            return reply
        content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        headers = {**reply.headers, "Content-Encoding": "gzip"}
        return replace(reply, body=gzip.compress(content, 1, mtime=0), headers=headers)


class HtmlForBrowsers(Fault):
    name = "html-for-browsers"
    does = "responds with HTML if the request accepts text/html"
    breaks = "1 encodings [B]: responses are JSON"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        query = reply.status == 200 and "text/html" in raw_request.headers.get("accept", "")
        return replace(reply, body=PAGE, media_type="text/html") if query else reply


class SlashRedirect(Fault):
    name = "slash-redirect"
    does = "redirects URLs that end with a slash to its internal host name"
    breaks = "RFC 9110, 10.2.2 [B]: Location is a URL for the client"
    hides = frozenset({"unknown path"})

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != 404 or not raw_request.raw_path.endswith(b"/"):
            return reply
        path = raw_request.raw_path.decode("latin-1").rstrip("/")
        return Reply(301, headers={"Location": _INTERNAL_ORIGIN + path})
