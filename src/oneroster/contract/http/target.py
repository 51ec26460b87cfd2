"""The tenant to test: its base URL, dialect and credentials, from options and environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from oneroster.contract.dialects.overlay import OverlayError, chosen_profile, dialect_specification
from oneroster.contract.http.credentials import (
    BearerToken,
    Credentials,
    NoCredentials,
    OAuth1Credentials,
    OAuth2Credentials,
)
from oneroster.standard import Standard
from oneroster_runtime.specification import Specification

__all__ = ["DEFAULT_PROFILE", "Target", "TargetError", "required_scopes"]

SETTINGS: Final = ("base_url", "token", "client_id", "client_secret", "token_url", "profile", "overlay")
DEFAULT_PROFILE: Final = "standard"


class TargetError(ValueError):
    """The settings do not name a tenant; the message says which one to change."""


@dataclass(frozen=True, slots=True)
class Target:
    """A tenant to test.

    Attributes:
        base_url: The base URL.
        profile: The name of the profile.
        access: The credentials.
        allow_writes: Whether the kit may create objects in the tenant.
        standard: The version of the standard.
        overlay: The path of an overlay file on top of the profile, or empty.
    """

    base_url: str
    profile: str = DEFAULT_PROFILE
    access: Credentials = field(default_factory=NoCredentials, repr=False)
    allow_writes: bool = False
    standard: Standard = field(default_factory=Standard.of, repr=False)
    overlay: str = ""

    @classmethod
    def from_settings(
        cls,
        given: Mapping[str, str],
        environment: Mapping[str, str] = os.environ,
        *,
        allow_writes: bool = False,
        standard: Standard | None = None,
    ) -> "Target | None":
        """Return the tenant that settings name, completed from ``ONEROSTER_*`` variables; None without a base URL.

        Args:
            given: Values of base_url, token, client_id, client_secret, token_url, profile and overlay. A given
                credential replaces all credentials of the environment, so that the two are never mixed.
            environment: The environment variables.
            allow_writes: Whether the kit may create objects in the tenant.
            standard: The version of the standard; the default version if None.

        Raises:
            TargetError: A setting is invalid, or two settings contradict each other.
        """
        outside = {name: environment.get(f"ONEROSTER_{name.upper()}", "") for name in SETTINGS}
        if given.get("token"):
            outside |= {"client_id": "", "client_secret": "", "token_url": ""}
        elif given.get("client_id"):
            outside |= {"token": ""}
        merged = {name: given.get(name) or outside[name] for name in SETTINGS}
        if not merged["base_url"]:
            return None
        version = standard or Standard.of()
        overlay = merged["overlay"]
        try:
            profile = chosen_profile(merged["profile"], overlay, version)
            dialect_specification(profile, version, overlay)
        except OverlayError as error:
            raise TargetError(str(error)) from error
        base_url = checked_url(merged["base_url"], "base URL")
        access = _credentials(merged, required_scopes(version.specification, writes=allow_writes))
        return cls(base_url, profile, access, allow_writes, version, overlay)


def checked_url(text: str, what: str) -> str:
    """Return a URL without a slash at its end.

    Args:
        text: The URL.
        what: The name of the setting, for messages.

    Raises:
        TargetError: It is not an http(s) URL, or it holds a user, a query or a fragment, which may be secret and would
            appear in reports.
    """
    try:
        url = httpx.URL(text)
        _ = urlsplit(text).port
    except (httpx.InvalidURL, ValueError):
        raise TargetError(f"the {what} is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise TargetError(f"the {what} must begin with https:// (or http://) and name a host")
    if url.userinfo or url.fragment or (url.query and what == "base URL"):
        raise TargetError(f"the {what} must not hold a user, password, query or fragment")
    return text.rstrip("/")


def _credentials(settings: Mapping[str, str], scopes: tuple[str, ...]) -> Credentials:
    token, client_id, secret = settings["token"], settings["client_id"], settings["client_secret"]
    if token and client_id:
        raise TargetError("give either a token, or a client id and secret, not both")
    if bool(client_id) != bool(secret):
        raise TargetError("a client id and a client secret belong together; one of the two is missing")
    for name in ("token", "client_id", "client_secret"):
        if not settings[name].isascii() or not settings[name].isprintable():
            raise TargetError(f"the {name.replace('_', ' ')} must be printable ASCII text without line breaks")
    if not client_id:
        return BearerToken(token) if token else NoCredentials()
    if not settings["token_url"]:
        return OAuth1Credentials(client_id, secret)
    token_url = checked_url(settings["token_url"], "token URL")
    return OAuth2Credentials(token_url, client_id, secret, scopes)


def required_scopes(specification: Specification, *, writes: bool = False) -> tuple[str, ...]:
    """Return the OAuth 2 scopes of all reads of the standard, each once; with ``writes`` of all operations."""
    operations = (each for each in specification.operations.values() if writes or each.method == "GET")
    return tuple(dict.fromkeys(scope for operation in operations for scope in operation.oauth_scopes))
