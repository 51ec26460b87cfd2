"""Sandboxes without sockets answer as those with sockets do."""

from typing import Any

from oneroster.sandbox import Sandbox
from oneroster.sandbox.variants import variants_by_name
from oneroster.settings import Settings
from oneroster.standard import Standard
from oneroster.transport.session import Session
from tests.in_process import quick_sandbox

COMPRESSED_IN_A_THREAD = 1 << 17
"""The size from which the middleware hands a response to a thread, for which the application waits."""
STANDARD = Standard.of("1.2")
OPTIONS: dict[str, Any] = {"size": 160, "variants": variants_by_name(["all-optional"]), "standard": STANDARD}


def users_of(tenant: Sandbox) -> bytes:
    session = Session(Settings(tenant.base_url, token=tenant.token), STANDARD)
    answer = session.send("GET", f"{session.service_urls['rostering']}/users?limit=160")
    session.close()
    assert answer.headers["Content-Encoding"] == "gzip"
    return answer.content.replace(tenant.origin.encode(), b"")


def test_a_large_response_is_the_same_without_sockets() -> None:
    with quick_sandbox(**OPTIONS) as quick:
        found = users_of(quick)
    with Sandbox(**OPTIONS) as served:
        assert users_of(served) == found
    assert len(found) > COMPRESSED_IN_A_THREAD
