"""B5: a client that was used before a fork, used in both processes."""

import json
import os
import threading
from collections.abc import Callable

import httpx
import pytest

from oneroster import ConfigurationError, OneRoster
from oneroster.errors import WrongRecordError
from oneroster.transport import after_fork
from tests.web import Answer, Seen, serve

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


def single(seen: Seen) -> Answer:
    sourced_id = seen.path.rpartition("/")[2]
    return Answer(200, json.dumps({"user": {"sourcedId": sourced_id}}).encode())


def read_all(client: OneRoster, prefix: str) -> bool:
    return all(client.get_user(f"{prefix}-{number}").sourced_id == f"{prefix}-{number}" for number in range(60))


def in_child(work: Callable[[], bool]) -> int:
    """Run a function in a forked process, and return 0 if it returned True."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_b5_a_forked_process_opens_its_own_connections() -> None:
    with serve(single) as web, OneRoster(base_url=web.origin, token="t0ken") as client:
        assert read_all(client, "before")
        statuses: list[int] = []
        forking = threading.Thread(target=lambda: statuses.append(in_child(lambda: read_all(client, "child"))))
        forking.start()
        assert read_all(client, "parent")
        forking.join()
        assert statuses == [0]


def test_b5_the_callers_own_client_is_refused_in_a_forked_process() -> None:
    def refused() -> bool:
        with pytest.raises(ConfigurationError, match="in each process"):
            client.get_user("child")
        return True

    with serve(single) as web, httpx.Client() as own:
        client = OneRoster(base_url=web.origin, token="t0ken", http_client=own)
        assert client.get_user("parent").sourced_id == "parent"
        assert in_child(refused) == 0


def test_b5_what_holds_connections_is_forgotten_with_its_last_use() -> None:
    class Holder:
        def reopen(self) -> object:
            return self

    holder = Holder()
    after_fork.reopen_after_fork(holder)
    assert holder in after_fork._reopened
    del holder
    assert not [one for one in after_fork._reopened if isinstance(one, Holder)]


def test_b5_a_single_read_that_returns_another_record_raises() -> None:
    def other(_: Seen) -> Answer:
        return Answer(200, b'{"user": {"sourcedId": "u-2"}}')

    with serve(other) as web, OneRoster(base_url=web.origin, token="t0ken") as client:
        with pytest.raises(WrongRecordError, match="returned the record 'u-2' in place of 'u-1'") as caught:
            client.get_user("u-1")
        assert (caught.value.requested, caught.value.received) == ("u-1", "u-2")
        # Some servers pad ids.
        assert client.get_user(" u-2 ").sourced_id == "u-2"
