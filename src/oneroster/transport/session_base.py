"""What the synchronous and the asynchronous session share: origin checks, redirects, authentication and retries."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import httpx

from oneroster.errors import ConfigurationError, DecodeError, ForeignOriginError, StatusError, TransportError
from oneroster.service_urls import service_urls
from oneroster.settings import Settings
from oneroster.standard import Standard
from oneroster.transport import log
from oneroster.transport.attempts import Attempts, failure_words
from oneroster.transport.auth import Bearer, ClientCredentials, OAuth1
from oneroster.transport.bounded_response import RawResponse, ResponseLimits
from oneroster.transport.http_client import HeadersForTenant
from oneroster.transport.retry import Retry
from oneroster.transport.transport_errors import transport_error
from oneroster.transport.urls import origin_of, origins_of, redacted

__all__ = ["MAX_REDIRECTS", "SessionBase", "body_headers", "last_outcome"]

T = TypeVar("T")

MAX_REDIRECTS: Final = 5
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}


class SessionBase:
    """The parts that both sessions share.

    Attributes:
        settings: The settings of the tenant.
        standard: The version of the standard that the tenant serves.
        retry: The retry policy.
        limits: The limits of one response.
        service_urls: The base URL of each service of the tenant.
        origins: The origins of the tenant. Credentials are sent to no other origin, except to the token endpoint.
        doubt: Looks for a wrong setting that explains why the first read failed, and raises an error that names it.
        on_retry: Called before a read is sent again, with the seconds until then and why in words, from any thread.

    Raises:
        ConfigurationError: The settings do not fit the version of the standard.
    """

    def __init__(self, settings: Settings, standard: Standard, retry: Retry, limits: ResponseLimits) -> None:
        self.settings = settings
        self.standard = standard
        self.retry = retry.checked()
        self.limits = limits.checked()
        self.service_urls = service_urls(settings, standard)
        self.origins = origins_of(self.service_urls.values())
        self.doubt: Callable[[], None] | None = None
        self.on_retry: Callable[[float, str], None] = lambda _seconds, _reason: None
        for url in (settings.base_url, *self.service_urls.values()):
            log.hide_queries(url)
        log.hide_queries(settings.token_url or settings.base_url)

    def take_doubt(self, failure: StatusError | DecodeError | None) -> Callable[[], None] | None:
        """Return what looks for a wrong setting, once: if the first read found nothing, or nothing that can be read.

        Args:
            failure: The error of the read; None if it succeeded, after which the settings are not in doubt.
        """
        doubt, self.doubt = self.doubt, None
        unknown = not isinstance(failure, StatusError) or failure.status_code == httpx.codes.NOT_FOUND
        return doubt if failure is not None and unknown else None

    def client_options(self) -> dict[str, Any]:
        """Return the arguments of `open_client`."""
        urls = tuple(dict.fromkeys(self.service_urls.values()))
        return {
            "auth": _authentication(self.settings, self.standard, urls),
            "headers": _HEADERS,
            "timeout": self.limits.read_timeout,
            "follow_redirects": False,
            "urls": (*urls, *filter(None, [self.settings.token_url])),
            "tenant_headers": HeadersForTenant(self.settings.headers, urls),
        }

    def check_origin(self, url: str) -> None:
        """Check that a URL is at the tenant.

        Raises:
            ForeignOriginError: It is at another origin.
        """
        if origin_of(url) not in self.origins:
            raise ForeignOriginError(f"{redacted(url)} is not at the tenant; nothing was sent there.")

    def redirect_target(self, response: httpx.Response, redirects: int, first: str) -> str | None:
        """Return the target of a redirect, or None if the response is not a redirect.

        Args:
            response: The response.
            redirects: The number of redirects followed so far.
            first: The URL of the first request, for errors. They do not show the target: it may hold a child's name.

        Raises:
            ForeignOriginError: The target is not at the tenant.
            TransportError: There were too many redirects.
        """
        if response.next_request is None:
            return None
        target = response.next_request.url
        if origin_of(target) not in self.origins:
            raise ForeignOriginError(
                f"{first} redirects to {target.scheme}://{target.netloc.decode('ascii')}, which is not the tenant;"
                " nothing was sent there. If the tenant has moved, change base_url."
            )
        if redirects >= MAX_REDIRECTS:
            raise TransportError(f"{first} redirects more than {MAX_REDIRECTS} times.")
        return str(target)

    def attempts(self, operation_id: str) -> Attempts:
        """Return the attempts of a new read or write.

        Args:
            operation_id: The operation, for the log.
        """
        return Attempts(self.retry, self.limits, operation_id)

    def retry_delay(self, failure: Exception | RawResponse, attempts: Attempts) -> float | None:
        """Return the seconds to wait before a read is sent again, or None to stop.

        Args:
            failure: The outcome of the last attempt.
            attempts: The attempts so far.
        """
        delay = attempts.delay(failure)
        if delay is not None:
            self.on_retry(delay, failure_words(failure))
        return delay


def _authentication(settings: Settings, standard: Standard, urls: Sequence[str]) -> httpx.Auth:
    client_id, secret = settings.client_id, settings.client_secret or ""
    if settings.token is not None:
        return Bearer(settings.token, urls)
    if client_id is None:
        return httpx.Auth()
    if settings.token_url is None:
        if settings.access not in standard.specification.security_trust:
            raise ConfigurationError(
                f"OneRoster {standard.version} has no OAuth 1.0a: give the token endpoint of the tenant besides client"
                " id and secret (token_url, --token-url, ONEROSTER_TOKEN_URL), or a token."
            )
        return OAuth1(client_id, secret, urls, settings.oauth1_method)
    scopes = None if settings.scopes is None else settings.scopes.split()
    in_body = settings.client_auth == "body"
    return ClientCredentials(client_id, secret, settings.token_url, urls, scopes, in_body, standard=standard)


def last_outcome(failure: Exception | RawResponse, url: str, sent: int, parse: Callable[[RawResponse], T]) -> T:
    """Return or raise the outcome of the last attempt; parsing a response of an error status raises."""
    if isinstance(failure, RawResponse):
        return parse(failure)
    raise transport_error("GET", url, sent, failure)


def body_headers(body: bytes | None) -> dict[str, str]:
    """Return the headers that describe the body of a request."""
    return {} if body is None else {"Content-Type": "application/json"}
