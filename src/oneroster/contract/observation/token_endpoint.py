"""The token endpoint, asked as RFC 6749 describes it, for the rules that judge what it answers."""

import base64
from typing import Final
from urllib.parse import quote_plus, urlencode

from oneroster.contract.errors import NotExercised
from oneroster.contract.http.credentials import FORM, OAuth2Credentials
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.observation.tenant import ObservedTenant

__all__ = ["TokenEndpoint", "desk_of"]

GRANT: Final = "client_credentials"
REFUSED: Final = frozenset({400, 401})
CURL: Final = '-u "$ONEROSTER_CLIENT_ID:$ONEROSTER_CLIENT_SECRET" -d grant_type='


class TokenEndpoint:
    """The token endpoint of one tenant; what it grants for a scope is asked for once and kept.

    It finds out whether the endpoint wants id and secret by HTTP Basic or in the form.
    """

    def __init__(self, tenant: ObservedTenant, way: OAuth2Credentials) -> None:
        self._gateway = tenant.gateway
        self._way = way
        self._in_body = False
        self._granted: dict[str, Exchange] = {}

    @property
    def scope(self) -> str:
        """All the scopes that the run asks for, as one string."""
        return " ".join(self._way.scopes)

    def grant(self, scope: str) -> Exchange:
        """The answer to a request for a token with this scope."""
        if scope not in self._granted:
            self._granted[scope] = self.grant_anew(scope)
        return self._granted[scope]

    def grant_anew(self, scope: str) -> Exchange:
        """The same, with a token that nobody uses yet."""
        answer = self.ask(GRANT, scope)
        if answer.status in REFUSED and not self._in_body and error_of(answer) != "invalid_scope":
            self._in_body = True
            answer = self.ask(GRANT, scope)
            # What was refused both ways was not refused for the way.
            self._in_body = answer.status == 200
        return answer

    def ask(self, grant_type: str, scope: str = "", secret: str | None = None) -> Exchange:
        """One request with a grant type, a scope and a secret of one's choice."""
        form = {"grant_type": grant_type} | ({"scope": scope} if scope else {})
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        shown = self._way.client_secret if secret is None else secret
        if self._in_body:
            form |= {"client_id": self._way.client_id, "client_secret": shown}
        else:
            pair = f"{quote_plus(self._way.client_id)}:{quote_plus(shown)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return self._gateway.post_form(headers, urlencode(form).encode(), CURL + grant_type)


def error_of(exchange: Exchange) -> str | None:
    """The error code of an answer of the token endpoint."""
    code = exchange.json.get("error") if isinstance(exchange.json, dict) else None
    return code if isinstance(code, str) else None


def desk_of(tenant: ObservedTenant) -> TokenEndpoint:
    """The token endpoint of a tenant.

    Raises ``NotExercised`` when the tenant is not entered by OAuth 2 client credentials.
    """
    way = tenant.gateway.target.access
    if not isinstance(way, OAuth2Credentials):
        raise NotExercised("the tenant is not entered by OAuth 2 client credentials")
    if tenant.desk is None:
        tenant.desk = TokenEndpoint(tenant, way)
    return tenant.desk
