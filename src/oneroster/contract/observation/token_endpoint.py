"""A client of the OAuth 2 token endpoint (RFC 6749), for the rules that check its responses."""

import base64
from typing import Final, Literal, Protocol
from urllib.parse import quote_plus, urlencode

from oneroster.contract.errors import OtherAuthentication
from oneroster.contract.http.credentials import FORM, OAuth2Credentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.transport.oauth2_tokens import scope_attempts

__all__ = ["GRANT_TYPE", "TokenEndpoint", "error_code", "token_endpoint_of"]

GRANT_TYPE: Final = "client_credentials"
Way = Literal["basic", "form", "id alone", "none"]
"""How a token request carries client id and secret."""
REFUSED: Final = frozenset({400, 401})
INVALID_TOKEN: Final = 401
CURL: Final = '-u "$ONEROSTER_CLIENT_ID:$ONEROSTER_CLIENT_SECRET" -d grant_type='


class ReadingWithToken(Protocol):
    """Reads with the token for a scope, from the cache or a new one."""

    def __call__(self, *, renew: bool = ...) -> Exchange:
        """Return the response."""


class TokenEndpoint:
    """The token endpoint of one tenant; the response for a scope is cached.

    It finds out whether the endpoint takes the client id and secret by HTTP Basic or in the form.
    """

    def __init__(self, gateway: Gateway, credentials: OAuth2Credentials) -> None:
        self._gateway = gateway
        self._credentials = credentials
        self._in_body = credentials.in_body
        self._granted: dict[str, Exchange] = {}
        self._renewing_helps = True

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of the run, which are requested one after the other until one is granted, as the client does."""
        attempts = scope_attempts(self._credentials.scopes, self._gateway.target.standard.specification)
        return tuple(" ".join(attempt) for attempt in attempts)

    @property
    def secret(self) -> str:
        """The client secret."""
        return self._credentials.client_secret

    @property
    def client_id(self) -> str:
        """The client id."""
        return self._credentials.client_id

    @property
    def takes_basic(self) -> bool:
        """Whether id and secret are sent by HTTP Basic; false as well if the settings say otherwise."""
        return not self._in_body

    def grant(self, scope: str, *, renew: bool = False) -> Exchange:
        """Return the response to a token request with a scope, from the cache if there is one.

        Args:
            scope: The scope.
            renew: Request a new token, which replaces the one in the cache.
        """
        if renew or scope not in self._granted:
            self._granted[scope] = self.request_token(scope)
        return self._granted[scope]

    def unless_invalid(self, read: ReadingWithToken) -> Exchange:
        """Return the response to a request with a cached token, or with a new one if that token is no longer valid.

        Tokens expire during a run, and some servers revoke a client's earlier tokens when they issue another. If a new
        token gets the same response, it is about the scope, and no further one is tried.
        """
        exchange = read()
        if exchange.status == INVALID_TOKEN and self._renewing_helps:
            exchange = read(renew=True)
            self._renewing_helps = exchange.status != INVALID_TOKEN
        return exchange

    def request_token(self, scope: str) -> Exchange:
        """Request a new token with a scope."""
        response = self.ask(GRANT_TYPE, scope)
        if response.status in REFUSED and not self._in_body and error_code(response) != "invalid_scope":
            self._in_body = True
            response = self.ask(GRANT_TYPE, scope)
            # If both ways are refused, the cause is not how the credentials were sent.
            self._in_body = response.status == 200
        return response

    def ask(
        self,
        grant_type: str | None,
        scope: str = "",
        secret: str | None = None,
        *,
        client_id: str | None = None,
        way: Way | None = None,
    ) -> Exchange:
        """Send one token request.

        Args:
            grant_type: The grant type; None to send none.
            scope: The scope; empty to send none.
            secret: The client secret, if not the real one.
            client_id: The client id, if not the real one.
            way: How to send id and secret, if not in the way that the endpoint takes.
        """
        sent_id = self._credentials.client_id if client_id is None else client_id
        sent_secret = self._credentials.client_secret if secret is None else secret
        form = {} if grant_type is None else {"grant_type": grant_type}
        form |= {"scope": scope} if scope else {}
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        way = way or ("form" if self._in_body else "basic")
        if way == "basic":
            pair = f"{quote_plus(sent_id)}:{quote_plus(sent_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif way == "form":
            form |= {"client_id": sent_id, "client_secret": sent_secret}
        elif way == "id alone":
            form |= {"client_id": sent_id}
        return self._gateway.post_form(headers, urlencode(form).encode(), CURL + (grant_type or ""))


def error_code(exchange: Exchange) -> str | None:
    """Return the OAuth 2 error code in a response of the token endpoint; None without one."""
    code = exchange.json.get("error") if isinstance(exchange.json, dict) else None
    return code if isinstance(code, str) else None


def token_endpoint_of(tenant: ObservedTenant) -> TokenEndpoint:
    """Return the token endpoint of a tenant.

    Raises:
        NotJudged: The tenant is not accessed with OAuth 2 client credentials.
    """
    credentials = tenant.gateway.target.access
    if not isinstance(credentials, OAuth2Credentials):
        raise OtherAuthentication("OAuth 2 client credentials")
    return tenant.memo(TokenEndpoint, lambda: TokenEndpoint(tenant.gateway, credentials))
