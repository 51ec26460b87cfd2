"""Servers that harm whoever reads from them: each protection holds for the client, the async client and the kit."""

import gzip
import json
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from oneroster import ForeignOriginError, ResponseLimits, TokenError, TransportError
from oneroster.classlink import make_roster_request
from oneroster.contract.errors import AccessRefusedError, KitError
from oneroster.transport import bounded_response
from tests.contract_kit.hostile import (
    JSON_HEAD,
    Behaviour,
    HostileServer,
    answer,
    drips,
    lies_about_its_length,
    never_ends,
    resets,
    says,
    serving,
)
from tests.transport.hostile_readers import LIMITS, READERS, Reader

SHORT = ResponseLimits(max_bytes=4_000_000, total_timeout=0.5, read_timeout=60)
STALLED = ResponseLimits(max_bytes=4_000_000, total_timeout=0.5, read_timeout=0.1)
EMPTY = answer(b'{"orgs": []}')
BOMB = gzip.compress(b" " * 50_000_000, 1)

readers = pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())


@pytest.fixture(autouse=True, scope="module")
def _imported() -> None:
    """Import what the senders import on first use, so that it does not count as memory of a response."""
    with serving(says(EMPTY)) as server:
        for read in READERS.values():
            read(server.base_url)


@contextmanager
def little_memory(most: int = 2 * LIMITS.max_bytes) -> Iterator[None]:
    """Measure the memory that the block needs at its peak."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def endless(start: bytes, part: bytes, pause: float) -> Behaviour:
    """Send a start and then one part again and again."""

    def behave(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(start)
        waiting = threading.Event()
        while True:
            connection.sendall(part)
            waiting.wait(pause)

    return behave


def silent(connection: socket.socket, _head: bytes) -> None:
    """Receive and send nothing."""
    while connection.recv(65536):
        continue


CHUNKED = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

SLOW: dict[str, Behaviour] = {
    "nothing": silent,
    "dripping head": drips,
    "endless head": endless(JSON_HEAD, b"X-Filler: a\r\n", 0.05),
    "endless 1xx": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.001),
    "dripping body": endless(JSON_HEAD + b"Content-Length: 900000\r\n\r\n", b" ", 0.02),
    "dripping chunks": endless(CHUNKED, b"1\r\n \r\n", 0.02),
    "endless chunk extension": endless(CHUNKED + b"1;", b"a", 0.02),
    "endless trailers": endless(CHUNKED + b"0\r\n", b"X-Filler: a\r\n", 0.05),
}

LARGE: dict[str, Behaviour] = {
    "endless body": never_ends,
    "endless chunks": endless(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n", 0),
    "long body": says(answer(b" " * 10_000_000)),
    "gzip bomb": says(answer(BOMB, Content_Encoding="gzip")),
    "double gzip bomb": says(answer(gzip.compress(BOMB), Content_Encoding="gzip, gzip")),
    "endless empty blocks of gzip": endless(
        JSON_HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 10_000, 0
    ),
}

DAMAGED: dict[str, Behaviour] = {
    "reset": resets,
    "too short": lies_about_its_length,
    "truncated gzip": says(answer(gzip.compress(EMPTY)[:-9], Content_Encoding="gzip")),
    "no gzip": says(answer(b'{"orgs": []}', Content_Encoding="gzip")),
    "unrequested encoding": says(answer(b'{"orgs": []}', Content_Encoding="br")),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "two lengths": says(JSON_HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
    "negative length": says(JSON_HEAD + b"Content-Length: -1\r\n\r\n{}"),
    "huge length": says(JSON_HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n{}"),
}


@readers
@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW.keys())
def test_the_deadline_holds_in_every_part_of_a_response_c9(read: Reader, behave: Behaviour) -> None:
    with serving(behave) as server, pytest.raises((TransportError, KitError), match=r"did not end within|timeout"):
        read(server.base_url, limits=SHORT)
    assert len(server.requests) == 1


@readers
def test_a_stalled_server_costs_one_total_timeout(read: Reader) -> None:
    with serving(silent) as server, pytest.raises((TransportError, KitError)):
        read(server.base_url, limits=STALLED)
    assert len(server.requests) <= 3


@readers
@pytest.mark.parametrize("behave", LARGE.values(), ids=LARGE.keys())
def test_a_body_is_bounded_before_and_after_decompression_a21(read: Reader, behave: Behaviour) -> None:
    told = r"more than 4000000|longer than 4000000|Content-Encoding"
    with serving(behave) as server, little_memory(), pytest.raises((TransportError, KitError), match=told):
        read(server.base_url)
    assert len(server.requests) == 1


@readers
def test_a_body_of_the_whole_bound_needs_less_than_twice_its_memory(read: Reader) -> None:
    limits = LIMITS._replace(max_bytes=10_000_000)
    body = b" " * limits.max_bytes
    for sent in (answer(body), answer(gzip.compress(body, 1), Content_Encoding="gzip")):
        with serving(says(sent)) as server, little_memory(2 * limits.max_bytes):
            assert len(read(server.base_url, limits=limits).content) == limits.max_bytes


@readers
@pytest.mark.parametrize("behave", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_response_is_an_error(read: Reader, behave: Behaviour) -> None:
    with serving(behave) as server, pytest.raises((TransportError, KitError)) as caught:
        read(server.base_url)
    assert "t0ken" not in str(caught.value)


@readers
def test_bytes_after_the_body_are_ignored(read: Reader) -> None:
    with serving(says(EMPTY + b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        assert read(server.base_url).content == b'{"orgs": []}'


@readers
def test_another_origin_receives_nothing(read: Reader) -> None:
    with serving(says(EMPTY)) as other:
        away = answer(b"", "302 Found", Location=f"{other.base_url}/orgs?filter=Erika")
        with serving(says(away)) as server:
            if read is READERS["kit"]:
                assert read(server.base_url).status == 302
            else:
                with pytest.raises(ForeignOriginError, match="not the tenant") as caught:
                    read(server.base_url)
                assert "Erika" not in str(caught.value)
        assert other.requests == []


@readers
@pytest.mark.parametrize(
    ("header", "repeated"),
    [
        ("0", True),
        ("soon", True),
        ("-1", True),
        ("1 Jan 2024 " + "9" * 40 + ":0:0 GMT", True),
        ("Mon, 01 Jan 2024 00:00:00 GMT", True),
        ("Mon, 32 Foo 99999 00:00:00 +9999", True),
        ("9" * 400, False),
        ("3600", False),
    ],
)
def test_any_retry_after_is_read_c10(read: Reader, header: str, repeated: bool) -> None:
    with serving(says(answer(b"", "503 Busy", Retry_After=header), EMPTY)) as server:
        if repeated or read is not READERS["kit"]:
            assert read(server.base_url).status == (200 if repeated else 503)
        else:
            with pytest.raises(KitError, match="HTTP 503: the tenant is busy"):
                read(server.base_url)
    assert len(server.requests) == (2 if repeated else 1)


def accepts(connection: socket.socket, _head: bytes) -> None:
    """Answer every request with an empty collection."""
    connection.sendall(EMPTY)


def granting(token: bytes, status: str = "200 OK", **headers: str) -> Behaviour:
    """A tenant whose token endpoint sends this, and which accepts every token."""
    return endpoint(says(answer(token, status, **headers)))


def endpoint(token: Behaviour, tenant: Behaviour = accepts) -> Behaviour:
    def behave(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"POST"):
            # A connection that is closed with unread bytes is reset, and the response is lost.
            left = int(head.lower().partition(b"content-length:")[2].split()[0]) - len(head.partition(b"\r\n\r\n")[2])
            while left > 0:
                left -= len(connection.recv(left))
            token(connection, head)
        else:
            tenant(connection, head)

    return behave


def read_with_token(read: Reader, server: HostileServer, limits: ResponseLimits = LIMITS) -> int:
    return read(server.base_url, f"{server.base_url}/token", limits).status


@readers
@pytest.mark.parametrize(
    "token",
    [
        json.dumps({"access_token": "t", "token_type": "BearerToken"}).encode(),
        json.dumps({"access_token": "t", "token_type": "Bearer Token"}).encode(),
        json.dumps({"access_token": "t", "token_type": "bearer_token"}).encode(),
        json.dumps({"access_token": "t", "token_type": None}).encode(),
        json.dumps({"access_token": "t", "token_type": ""}).encode(),
        b'{"access_token": "t", "expires_in": ' + b"9" * 400 + b"}",
        b'{"access_token": "t", "expires_in": "' + b"9" * 400 + b'"}',
        b'{"access_token": "t", "expires_in": {}, "scope": 7}',
    ],
    ids=[
        "BearerToken",
        "Bearer Token",
        "bearer_token",
        "null",
        "empty",
        "400 digits",
        "400 digits as text",
        "other types",
    ],
)
def test_an_odd_token_is_used_a20_c10(read: Reader, token: bytes) -> None:
    with serving(granting(token)) as server:
        assert read_with_token(read, server) == 200


@readers
@pytest.mark.parametrize(
    "token",
    [
        b'{"access_token": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
        b'{"access_token": "\xff\xfe"}',
        b'{"access_token": "t\\r\\nX: y"}',
        b'{"access_token": "t", "token_type": "mac"}',
        b"[]",
        b"",
    ],
    ids=["nested lists", "nested objects", "bad UTF-8", "line break", "mac", "list", "empty"],
)
def test_a_token_endpoint_without_a_usable_token_is_an_access_error_a20(read: Reader, token: bytes) -> None:
    for status in ("200 OK", "400 Bad Request"):
        with serving(granting(token, status)) as server, pytest.raises((TokenError, AccessRefusedError)) as caught:
            read_with_token(read, server)
        assert "s3cret" not in str(caught.value)


@readers
@pytest.mark.parametrize("behave", [*LARGE.values(), *SLOW.values()], ids=[*LARGE, *SLOW])
def test_a_token_response_is_bounded_in_size_and_time_a21_c9(read: Reader, behave: Behaviour) -> None:
    limits = LIMITS if behave in LARGE.values() else SHORT
    errors = (TokenError, TransportError, KitError)
    with serving(endpoint(behave)) as server, little_memory(), pytest.raises(errors):
        read_with_token(read, server, limits)


@readers
def test_the_body_of_a_401_is_bounded(read: Reader) -> None:
    refusing = says(answer(BOMB, "401 Unauthorized", Content_Encoding="gzip"))
    behave = endpoint(says(answer(b'{"access_token": "t"}')), refusing)
    with serving(behave) as server, little_memory(), pytest.raises((TransportError, KitError)):
        read_with_token(read, server)


FAILED = {"status_code": 0, "response": "An error occurred, check your URL"}


@pytest.fixture
def ask_like_classlink(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[HostileServer, ResponseLimits], dict[str, int | str]]:
    """`make_roster_request`, which has no argument for limits."""

    def ask(server: HostileServer, limits: ResponseLimits) -> dict[str, int | str]:
        monkeypatch.setattr(bounded_response, "ResponseLimits", lambda: limits)
        return make_roster_request(f"{server.base_url}/orgs", "id", "s3cret")

    return ask


Ask = Callable[[HostileServer, ResponseLimits], dict[str, int | str]]


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW.keys())
def test_the_way_of_classlink_ends_in_time(behave: Behaviour, ask_like_classlink: Ask) -> None:
    with serving(behave) as server:
        assert ask_like_classlink(server, SHORT) == FAILED
    assert len(server.requests) == 1


@pytest.mark.parametrize("behave", LARGE.values(), ids=LARGE.keys())
def test_the_way_of_classlink_bounds_a_body(behave: Behaviour, ask_like_classlink: Ask) -> None:
    with serving(behave) as server, little_memory():
        assert ask_like_classlink(server, LIMITS) == FAILED
    assert len(server.requests) == 1


@pytest.mark.parametrize("behave", DAMAGED.values(), ids=DAMAGED.keys())
def test_the_way_of_classlink_reports_damage_as_its_dict(behave: Behaviour, ask_like_classlink: Ask) -> None:
    with serving(behave) as server:
        assert ask_like_classlink(server, LIMITS) == FAILED


def test_the_way_of_classlink_ends_a_circle_of_redirects(ask_like_classlink: Ask) -> None:
    with serving(says(answer(b"", "302 Found", Location="/orgs"))) as server:
        assert ask_like_classlink(server, LIMITS) == FAILED
    assert len(server.requests) == 20
