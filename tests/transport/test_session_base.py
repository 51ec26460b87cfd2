"""What both sessions share; `test_session` reads through them."""

import httpx
import pytest

from oneroster import ForeignOriginError, ResponseLimits, Retry, Standard
from oneroster.settings import Settings
from oneroster.transport.auth import Bearer, ClientCredentials, OAuth1
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.session_base import SessionBase, body_headers, last_outcome

TENANT = Settings("https://sis.example/v1", token="t0ken")
ID = {"client_id": "id", "client_secret": "s3cret", "token": None}


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (TENANT, Bearer),
        (TENANT._replace(token=None, headers=(("x-key", "k"),)), httpx.Auth),
        (TENANT._replace(**ID), OAuth1),
        (TENANT._replace(**ID, token_url="https://sis.example/token"), ClientCredentials),
    ],
)
def test_the_credentials_choose_the_authentication(settings: Settings, kind: type[httpx.Auth]) -> None:
    options = SessionBase(settings, Standard.of(), Retry(), ResponseLimits()).client_options()
    assert type(options["auth"]) is kind


def test_a_url_of_another_origin_is_refused() -> None:
    base = SessionBase(TENANT, Standard.of(), Retry(), ResponseLimits())
    base.check_origin("https://sis.example:443/v1/orgs")
    for url in ("http://sis.example/v1/orgs", "https://sis.example:8443/v1/orgs", "https://away.example/v1/orgs"):
        with pytest.raises(ForeignOriginError):
            base.check_origin(url)


def test_the_last_outcome_is_parsed_or_raised() -> None:
    response = RawResponse(503, httpx.Headers(), b"", "https://sis.example/v1/orgs")
    assert last_outcome(response, response.url, 2, lambda raw: raw.status_code) == 503
    assert body_headers(b"{}") == {"Content-Type": "application/json"}
    assert body_headers(None) == {}
