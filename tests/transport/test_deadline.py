"""The deadline of a thread; `test_hostile_servers` shows that it holds on sockets."""

import math
import socket
import threading
import time
from types import SimpleNamespace

import httpcore
import pytest

from oneroster.transport import deadline
from oneroster.transport.deadline import Cancellation, DeadlineBackend, seconds_left, until


def test_a_deadline_holds_inside_its_block_and_only_becomes_earlier() -> None:
    now = time.monotonic()
    assert seconds_left() == math.inf
    with until(now + 1000):
        assert seconds_left() <= 1000
        with until(now + 5000):
            assert seconds_left() <= 1000
        with until(now - 1):
            assert seconds_left() < 0
        assert seconds_left() > 0
    assert seconds_left() == math.inf


class Network:
    """A network whose addresses accept, refuse, or take all the time that they get."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: type[Exception] | None) -> None:
        self.tried: list[tuple[str, float | None]] = []
        self._now, self._answers = 1000.0, answers
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{n}", 80)) for n, _ in enumerate(answers)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses * 2)
        # Of this module only: the event loops of other threads keep the real clock.
        monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: self._now))
        monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", self._connect)

    def _connect(self, host: str, _port: int, timeout: float | None, *_: object) -> httpcore.NetworkStream:
        self.tried.append((host, timeout))
        answer = self._answers[int(host[-1])]
        if answer is httpcore.ConnectTimeout:
            self._now += timeout or 0
        if answer is not None:
            raise answer(host)
        return httpcore.MockStream([])


def test_several_addresses_share_the_time_c9(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = httpcore.ConnectTimeout
    network = Network(monkeypatch, lost, lost, lost)
    with until(1030.0), pytest.raises(httpcore.ConnectTimeout):
        DeadlineBackend().connect_tcp("sis.example", 80, timeout=60.0)
    assert network.tried == [("192.0.2.0", 10.0), ("192.0.2.1", 10.0), ("192.0.2.2", 10.0)]


def test_the_first_address_that_accepts_is_used_c9(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(monkeypatch, httpcore.ConnectError, httpcore.ConnectTimeout, None)
    with socket.socket() as unused:
        monkeypatch.setattr(httpcore.MockStream, "get_extra_info", lambda *_: unused)
        DeadlineBackend().connect_tcp("sis.example", 80, timeout=30.0).close()
    assert network.tried == [("192.0.2.0", 10.0), ("192.0.2.1", 15.0), ("192.0.2.2", 15.0)]


def test_a_name_that_is_not_found_in_time_ends_at_the_deadline_c9(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [][: answered.wait(300)])
    try:
        with until(time.monotonic() + 0.05), pytest.raises(httpcore.ConnectTimeout, match="not found in time"):
            DeadlineBackend().connect_tcp("sis.example", 80)
    finally:
        answered.set()


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_an_unknown_name_is_an_error_of_the_connection(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(httpcore.ConnectError, match=r"not known|too long"):
        DeadlineBackend().connect_tcp("sis.example", 80, timeout=60.0)


def test_a_cancellation_ends_the_operations_of_its_group_only() -> None:
    group, other = Cancellation(), Cancellation()
    backend = DeadlineBackend()
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = backend.connect_tcp("127.0.0.1", server.getsockname()[1])
        connection, _ = server.accept()
        received: list[bytes] = []

        def read() -> None:
            with until(time.monotonic() + 300, group):
                received.append(stream.read(10, 300))

        thread = threading.Thread(target=read)
        thread.start()
        other.stop()
        connection.sendall(b"a")
        thread.join()
        assert received == [b"a"]
        thread = threading.Thread(target=read)
        thread.start()
        while not group._running:
            time.sleep(0.001)
        group.stop()
        thread.join()
        assert received == [b"a", b""]
        with until(time.monotonic() + 300, group), pytest.raises(httpcore.ReadError, match="cancelled"):
            stream.write(b"a")
        connection.close()
        stream.close()
