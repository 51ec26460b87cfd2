"""A drop-in for the requests of ClassLink's Python class, including its special cases (7.3 [A]).

Programs written for that class depend on its behaviour, even where it differs from OAuth 1.0a: how it splits the query,
and a ``/`` in a value that stays unescaped in the signature. So this module signs by itself; the rest of the client
uses a signing library.
"""

import hmac
import random
import time
from base64 import b64encode
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, unquote, urlencode

if TYPE_CHECKING:
    from httpx import Client, Request

__all__ = ["authorization_header", "make_roster_request", "split_url"]

_NONCE_CHARACTERS: Final = digits + ascii_letters
_FAILED: Final[dict[str, int | str]] = {"status_code": 0, "response": "An error occurred, check your URL"}
_TIMEOUT: Final = 60.0
_MAX_REDIRECTS: Final = 20


def split_url(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL without its query, and the query parameters to sign and send.

    If the URL has a second ``?``, the whole query is dropped. A parameter that is not a plain ``name=value`` is taken
    as the filter.
    """
    pieces = url.split("?")
    if len(pieces) != 2:
        return pieces[0], {}
    parameters: dict[str, str] = {}
    for piece in pieces[1].split("&"):
        parts = unquote(piece).split("=")
        if len(parts) == 2:
            parameters[parts[0]] = parts[1]
        else:
            parameters["filter"] = unquote(piece)[len("filter=") :]
    return pieces[0], parameters


def authorization_header(
    url: str, parameters: dict[str, str], client_id: str, client_secret: str, timestamp: str, nonce: str
) -> str:
    """Return the value of the Authorization header.

    Args:
        url: The URL without its query.
        parameters: The query parameters, decoded.
        client_id: The consumer key.
        client_secret: The consumer secret.
        timestamp: The Unix time in whole seconds.
        nonce: A unique text, as long as the timestamp.
    """
    oauth = {
        "oauth_consumer_key": client_id,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": timestamp,
        "oauth_nonce": nonce,
    }
    pairs = sorted({**oauth, **parameters}.items())
    joined = "&".join(f"{name}={quote(value)}" for name, value in pairs)
    base = f"GET&{quote_plus(url)}&{quote_plus(joined)}"
    key = f"{quote_plus(client_secret)}&"
    oauth["oauth_signature"] = b64encode(hmac.digest(key.encode(), base.encode(), "sha256")).decode()
    return "OAuth " + ",".join(f'{name}="{quote_plus(value)}"' for name, value in oauth.items())


def make_roster_request(url: str, client_id: str, client_secret: str) -> dict[str, int | str]:
    """Send a signed GET and return status and text, whatever the status.

    Returns:
        ``status_code`` and ``response``; the status is 0 if no response was received.
    """
    bare_url, parameters = split_url(url)
    timestamp = str(int(time.time()))
    nonce = "".join(random.choices(_NONCE_CHARACTERS, k=len(timestamp)))  # noqa: S311 - a nonce must be unique, not secret
    header = authorization_header(bare_url, parameters, client_id, client_secret, timestamp, nonce)
    from oneroster.transport.http_client import SyncTransport, open_client
    from oneroster.transport.log import hide_queries

    query = f"?{urlencode(parameters)}" if parameters else ""
    try:
        hide_queries(bare_url)
        with open_client(SyncTransport(), timeout=_TIMEOUT) as client:
            return _fetch(client, client.build_request("GET", bare_url + query, headers={"Authorization": header}))
    except Exception:  # ClassLink's class reports every failure of the GET like this
        return dict(_FAILED)


def _fetch(client: "Client", request: "Request") -> dict[str, int | str]:
    import httpx

    from oneroster.transport.bounded_response import BodyBuffer, ResponseLimits, read_body
    from oneroster.transport.deadline import until

    limits = ResponseLimits()
    deadline = time.monotonic() + limits.total_timeout
    for _ in range(_MAX_REDIRECTS):
        with until(deadline):
            response = client.send(request, stream=True)
            try:
                if response.next_request is None:
                    body = read_body(response, BodyBuffer(response, limits, deadline, ""))
                    headers = [pair for pair in response.headers.raw if pair[0].lower() != b"content-encoding"]
                    complete = httpx.Response(response.status_code, headers=headers, content=body)
                    return {"status_code": complete.status_code, "response": complete.text}
                # httpx removes the Authorization header when a redirect leads to another origin.
                request = response.next_request
            finally:
                response.close()
    return dict(_FAILED)
