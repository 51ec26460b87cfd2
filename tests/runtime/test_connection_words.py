"""What is said of a request without a complete response: words, without names of classes and without data."""

import re

import httpx
import pytest

from oneroster_runtime.connection_words import connection_words


def kinds(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(found for below in kind.__subclasses__() for found in kinds(below))]


ALL = [*kinds(httpx.RequestError), httpx.InvalidURL, httpx.CookieConflict, OSError, TimeoutError]


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_of_failure_has_words_of_its_own_group(kind: type[Exception]) -> None:
    words = connection_words(kind("Erika"))
    assert not re.search(r"[A-Za-z]Error|[a-z][A-Z]\w+(?<!Encoding)$", words.replace("Content-Encoding", ""))
    assert ("Erika" in words) is (kind is httpx.ConnectError)
    general = kind in {httpx.RequestError, httpx.TransportError, httpx.ProtocolError, OSError}
    assert (words == "the connection failed") is general


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Errno 111] Connection refused", "no connection: Connection refused"),
        ("[Errno -2] Name or service not known", "no connection: Name or service not known"),
        ("All connection attempts failed", "no connection: All connection attempts failed"),
        ("", "no connection"),
    ],
)
def test_words_of_the_operating_system_stand_without_their_number(text: str, words: str) -> None:
    assert connection_words(httpx.ConnectError(text)) == words
