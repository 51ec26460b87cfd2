"""The credentials with which a sandbox is accessed in the tests of rules."""

from oneroster.contract.http.credentials import BearerToken, Credentials, OAuth1Credentials, OAuth2Credentials
from oneroster.contract.http.target import required_scopes
from oneroster.sandbox import Sandbox


def way_into(tenant: Sandbox, way: str, *, writes: bool = False) -> Credentials:
    """Return a static token, or the OAuth credentials that some faults need to have an effect."""
    if way == "oauth1":
        return OAuth1Credentials(tenant.client_id, tenant.client_secret)
    if way == "oauth2":
        scopes = required_scopes(tenant.standard.specification, writes=writes)
        return OAuth2Credentials(tenant.token_url, tenant.client_id, tenant.client_secret, scopes)
    return BearerToken(tenant.token)
