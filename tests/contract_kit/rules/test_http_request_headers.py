"""Rules on request headers: which responses to conditions and ranges are valid."""

import socket
from collections.abc import Callable

import pytest

from oneroster.contract.rules import http_request_headers as rules
from tests.contract_kit.hostile import answer
from tests.contract_kit.judging import EMPTY, ORGS, judging


def to_header(name: bytes, reply: bytes) -> Callable[[socket.socket, bytes], None]:
    """Answer a request with this header in another way than all others."""

    def behave(connection: socket.socket, head: bytes) -> None:
        connection.sendall(reply if name in head else EMPTY)

    return behave


@pytest.mark.parametrize(
    ("header", "reply", "findings"),
    [
        (b"Range:", answer(b'{"orgs": []', "206 Partial Content", Content_Range="bytes 0-9/12"), 1),
        (b"Range:", answer(b'{"orgs": [', "206 Partial Content", Content_Range="bytes 0-9/12"), 0),
        (b"Range:", answer(b'{"orgs": [', "206 Partial Content"), 1),
        (b"Range:", answer(b"", "416 Range Not Satisfiable"), 1),
        (b"If-None-Match:", answer(b"", "304 Not Modified"), 1),
        (b"If-Modified-Since:", answer(b"", "304 Not Modified"), 1),
        (b"Nothing:", EMPTY, 0),
    ],
)
def test_a_condition_or_a_range_may_be_ignored_and_not_misread(header: bytes, reply: bytes, findings: int) -> None:
    with judging(to_header(header, reply)) as tenant:
        assert len(list(rules.conditions_and_ranges(tenant, ORGS))) == findings


@pytest.mark.parametrize(("header", "findings"), [(b"Mozilla", 1), (b"X-Forwarded-Host", 1), (b"Nothing:", 0)])
def test_a_client_or_a_proxy_is_not_refused(header: bytes, findings: int) -> None:
    with judging(to_header(header, answer(b"", "403 Forbidden"))) as tenant:
        assert len(list(rules.other_headers(tenant, ORGS))) == findings
