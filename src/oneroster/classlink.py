"""Requests as ClassLink's own Python class makes them, odd cases included (7.3 [A]).

Programs written for that class depend on its ways, also where OAuth 1.0a says otherwise: the query is cut apart in its
manner, and a ``/`` inside a value stays bare in the signature. So this signs by itself; all other access goes through
a signing library.
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

__all__ = ["authorization", "make_roster_request", "split_url"]

_NONCE: Final = digits + ascii_letters
_FAILED: Final[dict[str, int | str]] = {"status_code": 0, "response": "An error occurred, check your URL"}
_SECONDS: Final = 60.0
_REDIRECTS: Final = 20


def split_url(url: str) -> tuple[str, dict[str, str]]:
    """The URL without query, and the parameters as they are signed and sent.

    A second ``?`` drops the whole query; a piece that is no plain ``name=value`` is taken for a filter.
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


def authorization(
    url: str, parameters: dict[str, str], client_id: str, client_secret: str, timestamp: str, nonce: str
) -> str:
    """The Authorization header.

    Args:
        url: Without query.
        parameters: The query, decoded.
        client_id: The consumer key.
        client_secret: The consumer secret.
        timestamp: Whole Unix seconds.
        nonce: As long as the timestamp.
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
    """GET a URL, signed; status and text come back whatever they are.

    Returns:
        ``status_code`` and ``response``; status 0 when no answer came.
    """
    address, parameters = split_url(url)
    timestamp = str(int(time.time()))
    nonce = "".join(random.choices(_NONCE, k=len(timestamp)))  # noqa: S311 - a nonce is no secret, it only differs
    header = authorization(address, parameters, client_id, client_secret, timestamp, nonce)
    import httpx

    from oneroster.transport.log import hide_queries

    query = f"?{urlencode(parameters)}" if parameters else ""
    try:
        hide_queries(address)
        with httpx.Client(timeout=_SECONDS) as client:
            return _fetched(client, client.build_request("GET", address + query, headers={"Authorization": header}))
    except Exception:  # the original hides every failure of the GET behind this answer
        return dict(_FAILED)


def _fetched(client: "Client", request: "Request") -> dict[str, int | str]:
    import httpx

    from oneroster.transport.session import Body, ResponseLimits

    ends = time.monotonic() + ResponseLimits().seconds
    for _ in range(_REDIRECTS):
        answer = client.send(request, stream=True)
        try:
            if answer.next_request is None:
                body = Body(answer, ResponseLimits(), ends, "")
                for chunk in answer.iter_raw():
                    body.add(chunk)
                plain = [pair for pair in answer.headers.raw if pair[0].lower() != b"content-encoding"]
                whole = httpx.Response(answer.status_code, headers=plain, content=body.whole())
                return {"status_code": whole.status_code, "response": whole.text}
            # It has no Authorization where it leads to another origin: httpx leaves that out.
            request = answer.next_request
        finally:
            answer.close()
    return dict(_FAILED)
