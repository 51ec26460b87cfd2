"""Which tenant is judged, how it is entered, and how much may be asked of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from oneroster.contract.dialects.overlay import OverlayError, chosen_profile, facts_of
from oneroster.contract.http.credentials import BearerToken, Credentials, Nobody, OAuth1Credentials, OAuth2Credentials
from oneroster_v1p1.tables import OPERATIONS

__all__ = ["RunBudget", "Target", "TargetError", "polite_rate"]

SETTINGS: Final = ("base_url", "token", "client_id", "client_secret", "token_url", "profile", "overlay")
DEFAULT_PROFILE: Final = "standard"
POLITE_RATE: Final = 20.0
"""Requests a second, unless told otherwise, to a tenant on another machine."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class TargetError(ValueError):
    """The settings cannot name a tenant; the message says which one to mend."""


@dataclass(frozen=True, slots=True)
class RunBudget:
    """How much one run may ask of a tenant.

    ``requests`` in all; ``rate`` requests a second (None: as fast as it answers); ``timeout`` seconds for one whole
    exchange; ``seconds`` for the whole run; ``body`` bytes of one answer; ``rows`` of one collection; ``workers``
    requests at a time.
    """

    requests: int = 1200
    rate: float | None = None
    timeout: float = 30.0
    seconds: float = 900.0
    body: int = 32 * 1024 * 1024
    rows: int = 20_000
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Target:
    """A tenant: its base URL, the dialect it speaks, the way in, and whether the kit may make objects there.

    ``profile`` is the name of a profile; ``overlay`` the path of an overlay file on top of it, or empty.
    """

    base_url: str
    profile: str = DEFAULT_PROFILE
    access: Credentials = field(default_factory=Nobody, repr=False)
    allow_writes: bool = False
    overlay: str = ""

    @classmethod
    def from_settings(
        cls,
        given: Mapping[str, str],
        environment: Mapping[str, str] = os.environ,
        *,
        allow_writes: bool = False,
    ) -> "Target | None":
        """The tenant that the given settings name, completed from ``ONEROSTER_*`` of the environment.

        ``given`` may hold base_url, token, client_id, client_secret, token_url, profile and overlay. A given credential
        replaces all credentials of the environment, so that the two are never mixed. Returns None when no base URL is
        named.

        Raises ``TargetError`` when the address or the credentials cannot be meant that way.
        """
        outside = {name: environment.get(f"ONEROSTER_{name.upper()}", "") for name in SETTINGS}
        if given.get("token"):
            outside |= {"client_id": "", "client_secret": "", "token_url": ""}
        elif given.get("client_id"):
            outside |= {"token": ""}
        merged = {name: given.get(name) or outside[name] for name in SETTINGS}
        if not merged["base_url"]:
            return None
        overlay = merged["overlay"]
        try:
            profile = chosen_profile(merged["profile"], overlay)
            facts_of(profile, overlay)
        except OverlayError as error:
            raise TargetError(str(error)) from error
        base_url = checked_url(merged["base_url"], "base URL")
        return cls(base_url, profile, _access(merged, allow_writes=allow_writes), allow_writes, overlay)


def is_loopback(base_url: str) -> bool:
    """Whether an address lies on this machine."""
    return (urlsplit(base_url).hostname or "") in LOOPBACK


def polite_rate(base_url: str) -> float | None:
    """How many requests a second a tenant gets when nobody says otherwise; None on this machine, for no bound."""
    return None if is_loopback(base_url) else POLITE_RATE


def checked_url(text: str, what: str) -> str:
    """The URL without a slash at its end.

    Raises ``TargetError`` when it is no http(s) URL, or holds a user, a query or a fragment: those would carry secrets
    into every report.
    """
    try:
        url = httpx.URL(text)
        _ = urlsplit(text).port
    except (httpx.InvalidURL, ValueError):
        raise TargetError(f"the {what} is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise TargetError(f"the {what} must begin with https:// (or http://) and name a host")
    if url.userinfo or url.fragment or (url.query and what == "base URL"):
        raise TargetError(f"the {what} must hold no user, password, query or fragment")
    return text.rstrip("/")


def _access(settings: Mapping[str, str], *, allow_writes: bool) -> Credentials:
    token, client_id, secret = settings["token"], settings["client_id"], settings["client_secret"]
    if token and client_id:
        raise TargetError("give either a token, or a client id and secret, not both")
    if bool(client_id) != bool(secret):
        raise TargetError("a client id and a client secret belong together; one of the two is missing")
    for name in ("token", "client_id", "client_secret"):
        if not settings[name].isascii() or not settings[name].isprintable():
            raise TargetError(f"the {name.replace('_', ' ')} must be printable ASCII text without line breaks")
    if not client_id:
        return BearerToken(token) if token else Nobody()
    if not settings["token_url"]:
        return OAuth1Credentials(client_id, secret)
    token_url = checked_url(settings["token_url"], "token URL")
    return OAuth2Credentials(token_url, client_id, secret, wanted_scopes(writes=allow_writes))


def wanted_scopes(*, writes: bool = False) -> tuple[str, ...]:
    """Every scope that some read of the document asks for, once each; with ``writes`` those of writing as well."""
    used = (operation for operation in OPERATIONS.values() if writes or operation.method == "GET")
    return tuple(dict.fromkeys(scope for operation in used for scope in operation.oauth_scopes))
