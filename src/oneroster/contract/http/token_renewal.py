"""Renew an access token once it is refused, and only once for all threads that used it."""

import threading

from oneroster.contract.http.credentials import Credentials, HttpMethod, TokenPost, WriteMethod

__all__ = ["TokenRenewal"]


class TokenRenewal:
    """Applies credentials to requests, and renews them when a token that was accepted before is refused.

    Args:
        credentials: The tenant's own credentials.
        post: Posts a form to the token endpoint.
    """

    def __init__(self, credentials: Credentials, post: TokenPost) -> None:
        self._credentials = credentials
        self._post = post
        self._lock = threading.Lock()
        self._renewals = 0
        self._accepted = False

    @property
    def generation(self) -> int:
        """The number of renewals so far; note it before a request is sent."""
        return self._renewals

    def headers(self, method: HttpMethod | WriteMethod, url: str, access: Credentials) -> dict[str, str]:
        """Return the authentication headers of a request, after fetching a token if necessary.

        Raises:
            AccessRefusedError: No token is granted.
        """
        with self._lock:
            return access.headers(method, url, self._post)

    def accepted(self) -> None:
        """Note that the tenant's own credentials were accepted."""
        self._accepted = True

    def renew(self, generation: int) -> bool:
        """Return whether a newer token can be used than the one of a refused request.

        Args:
            generation: The generation before the request was sent.
        """
        with self._lock:
            if self._renewals == generation:
                # Only a token that was accepted before can have expired; wrong credentials are not tried again.
                if not (self._accepted and self._credentials.renew()):
                    return False
                self._renewals += 1
                self._accepted = False
            return True
