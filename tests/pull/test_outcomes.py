"""What came of each collection, and which errors may pass."""

import httpx
import pytest

from oneroster import ConfigurationError, CountMismatchError, OneRosterError, TransportError
from oneroster.errors import ResponseTooLargeError, StatusError, TokenError
from oneroster.operation_call import OperationCall
from oneroster.pull import CollectionOutcome, is_transient
from oneroster.pull.fetch.throttled_session import PullStoppedError
from oneroster.standard import Standard
from oneroster.transport.bounded_response import RawResponse


def status(number: int) -> StatusError:
    call = OperationCall(Standard.of(), "getAllOrgs", {}, "https://sis.example")
    with pytest.raises(StatusError) as caught:
        call.response(RawResponse(number, httpx.Headers(), b"", "https://sis.example/orgs"))
    return caught.value


PASS = [TransportError("x"), PullStoppedError(), TokenError("x", 503), *(status(number) for number in (429, 500, 503))]
UNTRUSTED = TransportError("x")
UNTRUSTED.permanent = True
STAY = [
    UNTRUSTED,
    *(status(number) for number in (400, 401, 403, 404)), TokenError("x", 401), TokenError("x"),
    ResponseTooLargeError("x"), CountMismatchError("getAllOrgs", "x", 1), ConfigurationError("x"), OneRosterError("x"),
    OSError(28, "full"),
]  # fmt: skip


@pytest.mark.parametrize("error", PASS, ids=repr)
def test_errors_of_the_moment_may_pass(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize("error", STAY, ids=repr)
def test_other_errors_stay(error: Exception) -> None:
    assert not is_transient(error)


def test_an_outcome_without_news_is_a_whole_collection_without_rows() -> None:
    outcome = CollectionOutcome("users")
    assert (outcome.rows, outcome.whole, outcome.error, outcome.rejects) == (0, True, None, {})
