"""Faults of headers in requests: servers that refuse, trust or misread what clients and proxies add."""

from dataclasses import replace

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply


class BrowsersRefused(Fault):
    name = "browsers-refused"
    does = "responds with 403 to requests with the User-Agent of a browser"
    breaks = "6.1 status 403 [B]: authenticated, but not permitted"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != 200 or not raw_request.headers.get("user-agent", "").startswith("Mozilla"):
            return reply
        return error_reply(Problem(403, "forbidden", "this client is not supported"))


class NeverModified(Fault):
    name = "never-modified"
    does = "responds with 304 to every request with If-None-Match"
    breaks = "RFC 9110, 13.1.2 [B]: 304 only for the ETag of the response"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        condition = raw_request.headers.get("if-none-match")
        return Reply(304) if reply.status == 200 and condition is not None else reply


class RangeCutOff(Fault):
    name = "range-cut-off"
    does = "responds to a Range with 200 and the first ten bytes"
    breaks = "RFC 9110, 14.2 [B]: a part has the status 206 and a Content-Range"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        return replace(reply, body=b'{"users":[') if reply.status == 200 and "range" in raw_request.headers else reply


class ForwardedTrusted(Fault):
    name = "forwarded-trusted"
    does = "serves requests without credentials if X-Forwarded-For is 127.0.0.1"
    breaks = "6.1 status 401 [A]: not authenticated"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        return Authenticated() if raw_request.headers.get("x-forwarded-for") == "127.0.0.1" else outcome
