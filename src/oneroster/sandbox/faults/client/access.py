"""Client faults of access: a further header that is required, and token responses in unusual forms."""

from dataclasses import replace
from typing import Final

import msgspec

from oneroster.sandbox.auth.authentication import Authenticated, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults.base import Fault
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Reply

_VENDOR_HEADER: Final = "x-vendor-authorization"
_GRADEBOOK: Final = (b"/categories", b"/lineItems", b"/results")


class VendorHeader(Fault):
    name = "vendor-header"
    does = f"refuses requests for the gradebook that have no {_VENDOR_HEADER} header"
    breaks = "7.1 authentication [A]: OAuth is sufficient"

    def authenticate(self, raw_request: RawRequest, outcome: Authenticated | Denied) -> Authenticated | Denied:
        gradebook = any(name in raw_request.raw_path for name in _GRADEBOOK)
        if gradebook and not raw_request.headers.get(_VENDOR_HEADER):
            return Denied(f"the header {_VENDOR_HEADER} is missing")
        return outcome


class OddToken(Fault):
    name = "odd-token"
    does = 'issues tokens with "BearerToken" as token_type and a number of 400 digits as expires_in'
    breaks = "7.4 OAuth 2.0 [A]: token_type is Bearer"

    def any_response(self, raw_request: RawRequest, reply: Reply) -> Reply:
        if reply.status != 200 or not raw_request.raw_path.endswith(TOKEN_PATH.encode()):
            return reply
        token = msgspec.json.encode(msgspec.json.decode(reply.response().body)["access_token"])
        body = b'{"access_token": ' + token + b', "token_type": "BearerToken", "expires_in": ' + b"9" * 400 + b"}"
        return replace(reply, body=body)
