"""Replies are encoded as JSON, and problems as status payloads."""

import json

from oneroster.sandbox.http.broken_responses import StreamingReply, TruncatedReply
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, invalid_data, unknown_object


def test_a_reply_is_json_that_no_cache_keeps() -> None:
    response = Reply(200, {"a": 1}, {"X-Total-Count": "1"}).response()
    assert json.loads(bytes(response.body)) == {"a": 1}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert Reply(204).response().body == b""


def test_an_error_has_the_status_of_its_first_fatal_problem() -> None:
    warning = Problem(200, "invalid_sort_field", "x")
    reply = error_reply(warning, unknown_object("y"), invalid_data("z"), operation_id="getOrg")
    assert reply.status == 404
    entries = reply.body["statusInfoSet"]
    assert [entry["imsx_codeMajor"] for entry in entries] == ["success", "failure", "failure"]
    assert {entry["imsx_operationRefIdentifier"] for entry in entries} == {"getOrg"}


def test_a_truncated_reply_keeps_part_of_its_body() -> None:
    response = TruncatedReply(200, {"a": 1}, sent_bytes=3, declared_bytes=7).response()
    assert response.body == b'{"a'


def test_a_stream_is_never_compressed_again() -> None:
    assert StreamingReply(200).response().headers["content-encoding"] == "identity"
