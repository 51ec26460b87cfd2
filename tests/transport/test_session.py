"""What the session does when the transport, the server or the way to it fails."""

import asyncio
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from oneroster import (
    AsyncOneRoster,
    ForeignOriginError,
    OneRoster,
    ResponseLimits,
    Retry,
    Standard,
    TransportError,
    errors,
)
from oneroster.settings import Settings
from oneroster.transport.bounded_response import RawResponse
from oneroster.transport.session import AsyncSession, Session
from tests.web import Answer, Seen, Web, serve

ORG = (
    b'{"org": {"sourcedId": "S-1", "status": "active", "dateLastModified": "2026-01-01T00:00:00.000Z",'
    b' "name": "Kid", "type": "school"}}'
)
QUICK = Retry(attempts=3, first_delay=0)
SMALL = ResponseLimits(max_bytes=100_000, total_timeout=20, read_timeout=5)


def sync_read(origin: str, retry: Retry = QUICK) -> Any:
    with OneRoster(base_url=origin, token="t0ken", retry=retry, limits=SMALL) as roster:
        return roster.get_org("S-1")


def async_read(origin: str, retry: Retry = QUICK) -> Any:
    async def read() -> Any:
        async with AsyncOneRoster(base_url=origin, token="t0ken", retry=retry, limits=SMALL) as roster:
            return await roster.get_org("S-1")

    return asyncio.run(read())


Reader = Callable[..., Any]
both = pytest.mark.parametrize("read", [sync_read, async_read], ids=["sync", "async"])


def failing(times: int, failure: Answer) -> Callable[[Seen], Answer]:
    turns = count()
    return lambda _: failure if next(turns) < times else Answer(200, ORG)


@both
@pytest.mark.parametrize(
    "failure",
    [Answer(429, headers=(("Retry-After", "0"),)), Answer(502), Answer(503), Answer(504), Answer(200, b"{cut"),
     Answer(200, b"\x1f\x8bno", (("Content-Encoding", "gzip"),))],
    ids=["429", "502", "503", "504", "no JSON", "no gzip"],
)  # fmt: skip
def test_a_passing_failure_is_tried_again(read: Reader, failure: Answer) -> None:
    with serve(failing(2, failure)) as web:
        assert read(web.origin).sourced_id == "S-1"
        assert len(web.seen) == 3


@both
def test_a_failure_that_stays_is_raised_after_the_last_attempt(read: Reader) -> None:
    with serve(lambda _: Answer(503)) as web, pytest.raises(errors.StatusError, match="503"):
        read(web.origin)
    assert len(web.seen) == 3


@both
def test_a_server_error_is_repeated_twice_c3(read: Reader) -> None:
    failed = Answer(500, b"<html>")
    with serve(lambda _: failed) as web, pytest.raises(errors.StatusError, match="500"):
        read(web.origin)
    assert len(web.seen) == 3
    answers = iter([failed, failed, Answer(200, ORG)])
    with serve(lambda _: next(answers)) as web:
        read(web.origin)


@both
@pytest.mark.parametrize("status", [400, 401, 403, 404, 501, 599])
def test_an_answer_is_not_asked_for_again(read: Reader, status: int) -> None:
    with serve(lambda _: Answer(status, b"<html>")) as web, pytest.raises(errors.StatusError) as caught:
        read(web.origin)
    assert caught.value.status_code == status
    assert len(web.seen) == 1


@both
def test_a_pause_longer_than_allowed_is_not_waited_for(read: Reader) -> None:
    with (
        serve(lambda _: Answer(429, headers=(("Retry-After", "3600"),))) as web,
        pytest.raises(errors.StatusError, match="429"),
    ):
        read(web.origin)
    assert len(web.seen) == 1


@both
def test_a_connection_that_nobody_takes_is_an_error_without_secrets(read: Reader) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(TransportError, match=r"orgs/S-1 was sent 3 times .*: no connection: ") as caught:
            read(origin)
    assert "t0ken" not in str(caught.value)


@contextmanager
def raw(parts: Callable[[], Iterator[bytes]]) -> Iterator[Web]:
    """A server that sends bytes as they are, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        connection.recv(65536)
                        for part in parts():
                            connection.sendall(part)
                    except OSError:
                        continue

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield Web(f"http://127.0.0.1:{listening.getsockname()[1]}", [])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@both
def test_a_truncated_body_is_tried_again_and_then_reported(read: Reader) -> None:
    tries = count()

    def cut() -> Iterator[bytes]:
        next(tries)
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + ORG

    with raw(cut) as web, pytest.raises(TransportError, match="closed the connection early"):
        read(web.origin)
    assert next(tries) == 3


@both
def test_an_endless_body_is_cut_off_and_not_asked_for_again(read: Reader) -> None:
    tries = count()

    def endless() -> Iterator[bytes]:
        next(tries)
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        while True:
            yield b" " * 65536

    with raw(endless) as web, pytest.raises(errors.ResponseTooLargeError, match="more than 100000 bytes"):
        read(web.origin)
    assert next(tries) == 1


@both
def test_a_decompression_bomb_is_cut_off(read: Reader) -> None:
    bomb = Answer(200, gzip.compress(b" " * 10_000_000), (("Content-Encoding", "gzip"),))
    with serve(lambda _: bomb) as web, pytest.raises(errors.ResponseTooLargeError):
        read(web.origin)
    twice = Answer(200, gzip.compress(bomb.body), (("Content-Encoding", "gzip, gzip"),))
    with serve(lambda _: twice) as web, pytest.raises(TransportError, match="Content-Encoding"):
        read(web.origin)


@both
def test_a_redirect_within_the_tenant_is_followed_and_one_elsewhere_is_not(read: Reader) -> None:
    def within(seen: Seen) -> Answer:
        return Answer(200, ORG) if seen.path == "/moved" else Answer(307, b"", (("Location", "/moved"),))

    with serve(within) as web:
        assert read(web.origin).sourced_id == "S-1"
        assert [seen.headers["authorization"] for seen in web.seen] == ["Bearer t0ken"] * 2
    with serve(lambda _: Answer(200, ORG)) as other:
        away = Answer(302, b"", (("Location", f"{other.origin}/orgs/S-1"),))
        with serve(lambda _: away) as web, pytest.raises(ForeignOriginError, match="not the tenant"):
            read(web.origin)
        assert other.seen == []
    loop = serve(lambda seen: Answer(302, b"", (("Location", seen.path),)))
    with loop as web, pytest.raises(TransportError, match="redirects more than 5 times"):
        read(web.origin)


def test_a_write_is_sent_once() -> None:
    with serve(lambda _: Answer(503)) as web, OneRoster(base_url=web.origin, token="t", retry=QUICK) as roster:
        with pytest.raises(errors.StatusError, match=r"deleteResult.*503"):
            roster.delete_result("R-1")
        assert [seen.method for seen in web.seen] == ["DELETE"]


@both
def test_every_send_of_oauth_1_has_a_nonce_of_its_own(read: Reader) -> None:
    del read
    with serve(failing(2, Answer(503))) as web:
        with OneRoster("id", "s3cret", base_url=web.origin, retry=QUICK) as roster:
            roster.get_org("S-1")
        assert len({seen.headers["authorization"] for seen in web.seen}) == 3


def org(number: int) -> bytes:
    return ORG[8:-1].replace(b"S-1", f"S-{number}".encode())


def page(first: int, last: int, wrapper: bytes = b'{"orgs": [%s]}') -> bytes:
    return wrapper % b", ".join(org(number) for number in range(first, last))


@pytest.mark.parametrize(
    ("body", "status"), [(page(0, 3, b"[%s]"), 200), (page(0, 3, b'{"schools": [%s]}'), 200)], ids=["bare", "renamed"]
)
def test_a_page_without_its_envelope_is_read(body: bytes, status: int) -> None:
    served = serve(lambda _: Answer(status, body, (("X-Total-Count", "3"),)))
    with served as web, OneRoster(base_url=web.origin, token="t") as roster:
        assert [found.sourced_id for found in roster.get_all_orgs()] == ["S-0", "S-1", "S-2"]


@pytest.mark.parametrize("empty", [Answer(204, b""), Answer(200, b'{"orgs": null}'), Answer(200, b'{"orgs": []}')])
def test_an_empty_collection_in_any_form_has_no_records(empty: Answer) -> None:
    with serve(lambda _: empty) as web, OneRoster(base_url=web.origin, token="t") as roster:
        assert list(roster.get_all_orgs()) == []
        assert roster.get_all_orgs().first() is None


def test_one_broken_record_costs_its_own_field_alone() -> None:
    body = page(0, 3).replace(b'"sourcedId": "S-1", "status": "active"', b'"sourcedId": "S-1", "status": 7')
    served = serve(lambda _: Answer(200, body, (("X-Total-Count", "3"),)))
    with served as web, OneRoster(base_url=web.origin, token="t") as roster:
        records = list(roster.get_all_orgs())
    assert [found.sourced_id for found in records] == ["S-0", "S-1", "S-2"]
    assert [[problem.field for problem in found.problems()] for found in records] == [[], ["status"], []]
    assert "Kid" not in str(records[1].problems())


@both
def test_headers_that_are_no_ascii_do_no_harm(read: Reader) -> None:
    headers = (("X-District", "Müllheim"), ("Link", '</é>; rel="next"'))
    with serve(lambda _: Answer(200, ORG, headers)) as web:
        assert read(web.origin).sourced_id == "S-1"
    with serve(lambda _: Answer(404, b"", headers)) as web, pytest.raises(errors.StatusError, match="404"):
        read(web.origin)


def session_of(origin: str, retry: Retry = QUICK) -> Session:
    return Session(Settings(origin, token="t0ken"), Standard.of(), retry, SMALL)


def status(raw: RawResponse) -> int:
    return raw.status_code


def test_a_url_that_is_not_at_the_tenant_gets_no_request() -> None:
    with serve(lambda _: Answer()) as other, serve(lambda _: Answer()) as web:
        session = session_of(web.origin)
        with pytest.raises(ForeignOriginError, match=r"/users is not at the tenant"):
            session.read(f"{other.origin}/users?filter=Erika", status)
        session.close()
        assert other.seen == web.seen == []


def test_a_read_returns_what_the_parser_makes_of_the_response() -> None:
    with serve(failing(1, Answer(503))) as web:
        session = session_of(web.origin)
        assert session.read(f"{web.origin}/orgs", status) == 200
        session.close()
        assert len(web.seen) == 2


def test_a_read_that_is_stopped_is_not_retried() -> None:
    with serve(lambda _: Answer(503)) as web:
        session = session_of(web.origin, Retry(attempts=9, first_delay=60))
        stop = session.stop_event()
        stop.set()
        with pytest.raises(TransportError, match=r"The request to \S+/orgs was cancelled"):
            session.read(f"{web.origin}/orgs", status, stop=stop)
        session.close()
        assert len(web.seen) == 1


def test_closing_sets_all_stop_events_and_later_ones() -> None:
    session = session_of("https://sis.example")
    before = session.stop_event()
    assert not before.is_set()
    session.close()
    assert before.is_set()
    assert session.stop_event().is_set()


def test_both_sessions_have_the_same_rules() -> None:
    session = session_of("https://sis.example")
    asynchronous = AsyncSession(Settings("https://sis.example", token="t0ken"), Standard.of(), QUICK, SMALL)
    assert session.origins == asynchronous.origins == {("https", "sis.example", 443)}
    assert session.client_options().keys() == asynchronous.client_options().keys()
    assert session.standard is asynchronous.standard is Standard.of()
    session.close()
    asyncio.run(asynchronous.close())
