"""Whatever goes wrong with a request, the caller gets one of our errors, without a secret and without a query."""

import asyncio
import pickle
import re
import traceback
from collections.abc import Callable

import httpx
import pytest

from oneroster import (
    AsyncOneRoster,
    ConfigurationError,
    OneRoster,
    OneRosterError,
    ResponseLimits,
    Retry,
    TransportError,
    errors,
)
from oneroster.transport.transport_errors import is_transient, transport_error
from tests.web import Answer, serve

QUICK = Retry(attempts=2, first_delay=0)
SECRET = "t0k3n"
FILTER = "familyName='Mustermann'"


def sync_read(origin: str, token: str = SECRET) -> None:
    with OneRoster(base_url=origin, token=token, retry=QUICK) as roster:
        list(roster.get_all_users(filter=FILTER))


def async_read(origin: str, token: str = SECRET) -> None:
    async def read() -> None:
        async with AsyncOneRoster(base_url=origin, token=token, retry=QUICK) as roster:
            [user async for user in roster.get_all_users(filter=FILTER)]

    asyncio.run(read())


Reader = Callable[..., None]
both = pytest.mark.parametrize("read", [sync_read, async_read], ids=["sync", "async"])


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@both
@pytest.mark.parametrize("token", [f"{SECRET}\nX: y", f"{SECRET}\ud800"], ids=["line end", "no text"])
def test_a_token_that_no_header_can_hold_is_refused_without_quoting_it(read: Reader, token: str) -> None:
    with serve(lambda _: Answer()) as web, pytest.raises(ConfigurationError, match="token must be printable") as caught:
        read(web.origin, token)
    assert web.seen == []
    assert SECRET not in printed(caught.value)
    assert "Mustermann" not in printed(caught.value)


@both
@pytest.mark.parametrize(
    "location", ["http://[Erika", "http://x:port/Erika", "ftp://elsewhere/Erika", "//a..b/Erika", "Erika"]
)
def test_a_redirect_to_no_address_is_told_without_it(read: Reader, location: str) -> None:
    away = Answer(302, b"", (("Location", location),))
    with serve(lambda _: away) as web, pytest.raises(OneRosterError, match="/users") as caught:
        read(web.origin)
    assert "Erika" not in printed(caught.value)


@both
def test_a_host_that_cannot_be_encoded_is_told(read: Reader) -> None:
    # Whether encoding or looking it up fails first is up to the event loop.
    with pytest.raises(TransportError, match=r"unusual characters|no connection"):
        read("https://a..b/ims")


@pytest.mark.parametrize("address", ["http://[::1", "http://xn--é/", "http://sis.example:99999", "http://a\x07b/"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url must be"):
        sync_read(address)


def test_a_client_that_is_closed_meanwhile_says_so() -> None:
    with serve(lambda _: Answer(200, b'{"users": [{"sourcedId": "1"}]}', (("X-Total-Count", "9"),))) as web:
        roster = OneRoster(base_url=web.origin, token=SECRET)
        pages = roster.get_all_users().pages()
        next(pages)
        roster.close()
        with pytest.raises(TransportError, match="the client was closed"):
            next(pages)


def test_a_token_endpoint_that_is_away_is_named_as_such() -> None:
    with (
        OneRoster("id", SECRET, base_url="http://127.0.0.1:1", token_url="http://127.0.0.1:2/t?k=v", retry=QUICK) as it,
        pytest.raises(TransportError, match=r"because the token endpoint http://127.0.0.1:2/t failed: no connection"),
    ):
        it.get_org("1")


@pytest.mark.parametrize("body", [b"[" * 200_000, b"\xff", b"{}", b'{"access_token": 7}', b'{"access_token": "a\\nb"}'])
def test_a_token_answer_of_any_form_is_one_of_our_errors(body: bytes) -> None:
    with (
        serve(lambda _: Answer(200, body)) as web,
        OneRoster("id", SECRET, base_url=web.origin, token_url=f"{web.origin}/token", retry=QUICK) as roster,
        pytest.raises(OneRosterError, match="token endpoint"),
    ):
        roster.get_org("1")


def _kinds(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _kinds(below))]


@pytest.mark.parametrize(
    "kind", [*_kinds(httpx.RequestError), httpx.InvalidURL, httpx.StreamClosed, OSError, TimeoutError]
)
def test_every_error_of_httpx_has_words_and_shows_none_of_its_own(kind: type[Exception]) -> None:
    inner = kind() if issubclass(kind, httpx.StreamError) else kind("Erika")
    error = transport_error("GET", "http://user:pass@host/users?filter=Erika", 3, inner)
    assert isinstance(error, TransportError)
    assert str(error).startswith("GET http://host/users was sent 3 times without a complete response: ")
    assert not re.search(r"[a-z](?:Error|Timeout|Exception|Redirects|Closed)\b", str(error)), "the name of a class"
    # The operating system alone speaks for itself.
    assert ("Erika" in str(error)) is (kind is httpx.ConnectError)


def test_only_what_passes_by_itself_is_sent_again() -> None:
    passing = {kind for kind in _kinds(httpx.RequestError) if is_transient(kind("x"))}
    assert {httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError, httpx.DecodingError} <= passing
    assert not {httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.ProxyError, httpx.TooManyRedirects} & passing


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PROXY", "http://user:s3cret@host:port"), ("HTTPS_PROXY", "s3cret://[::"), ("SSL_CERT_FILE", "/s3cret")],
)
def test_an_environment_that_allows_no_connection_is_told_without_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    for kind in (OneRoster, AsyncOneRoster):
        with pytest.raises(ConfigurationError, match=name) as caught:
            _ = kind(
                base_url="http://sis.example" if name == "HTTP_PROXY" else "https://sis.example",
                token="t",
                allow_http=True,
            ).session
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "limits", [ResponseLimits(max_bytes=0), ResponseLimits(total_timeout=-1), ResponseLimits(read_timeout=0)]
)
def test_limits_that_let_nothing_through_are_refused(limits: ResponseLimits) -> None:
    with pytest.raises(ConfigurationError, match="Every limit of ResponseLimits"):
        _ = OneRoster(base_url="https://sis.example", token="t", limits=limits).session


@pytest.mark.parametrize(
    "error",
    [
        errors.CountMismatchError("getAllOrgs", "why", 1, 2, ["S-1"]),
        errors.UnstableCollectionError("getAllOrgs", "why", 1),
        errors.TokenError("why", 503, "7"),
        errors.ResponseTooLargeError("why"),
        errors.UnknownFieldError("why"),
        errors.ForeignOriginError("why"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_pass_from_one_process_to_another(error: OneRosterError) -> None:
    passed = pickle.loads(pickle.dumps(error))  # noqa: S301 - of our own making
    assert (type(passed), str(passed), vars(passed)) == (type(error), str(error), vars(error))
