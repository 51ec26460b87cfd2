"""What the kit sends is what a rule asked for, byte by byte."""

from unittest.mock import Mock

import pytest

from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.observation.unreadable_tenant import unanswered_in_words
from tests.contract_kit.hostile import answer, says, serving


@pytest.mark.parametrize("target", ["/orgs/%zz", "/orgs?filter=%C3%28", "/orgs?limit=%&sort=a%zz", "/orgs/%FF"])
def test_a_malformed_percent_encoding_is_sent_unchanged(target: str) -> None:
    with serving(says(answer(b"{}"))) as server, Gateway(Target(server.base_url)) as gateway:
        exchange = gateway.send("GET", gateway.target.url_of(target))
    assert exchange.request == f"GET {target}"
    assert server.requests[0].startswith(f"GET /ims/oneroster/v1p1{target} HTTP/1.1".encode())


def test_a_request_that_ctrl_c_cuts_off_counts_as_sent_and_not_as_unanswered() -> None:
    with serving(says(answer(b"{}"))) as server, Gateway(Target(server.base_url)) as gateway:
        url = gateway.target.url_of("/orgs")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("httpx.Client.send", Mock(side_effect=KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                gateway.send("GET", url)
        assert (gateway.spent, unanswered_in_words(gateway.log)) == (1, {})
