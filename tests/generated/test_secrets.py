"""A fake secret and a fake child are pushed through every repr and every error, and must not come out."""

import copy
import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oneroster_runtime.lenient_json import parse_json
from oneroster_v1p1 import AuthenticatedClient, Client, OneRosterError, models, specification
from oneroster_v1p1.api.gradebook import put_result
from oneroster_v1p1.api.rostering import get_all_users, get_user
from tests.generated.loopback import Loopback, call

ELEMENTS = specification().elements

SECRET = "s3cr3t-t0ken"
CHILD = "Zebulon-Quackenbush"
REF = {"href": f"https://sis.example/users/1?token={SECRET}", "sourcedId": "u-1", "type": "user"}
KINDS: dict[str, Any] = {
    "date": "2011-11-11", "date-time": "2011-11-11T11:11:11.111Z", "boolean": "true", "number": 1111, "integer": 1111,
    "object": {CHILD: CHILD}, "reference": REF, "references": [REF], "strings": [CHILD], "string": CHILD, "uri": SECRET,
    "enumeration": CHILD, "records": [{"type": "LDAP", "identifier": CHILD}],
}  # fmt: skip


def exposed(text: str) -> bool:
    return any(word in text for word in (SECRET, CHILD, "2011-11-11", "1111"))


def child(name: str) -> dict[str, Any]:
    """A record of an element with a child in every personal place, and where the document has no place."""
    source = {
        key: KINDS[found.kind] if found.personal or found.secret or found.kind in {"records", "reference"} else "x"
        for key, found in ELEMENTS[name].properties.items()
    }
    return source | {"sourcedId": "id-1", CHILD: CHILD, "ext": {"name": CHILD}}


@pytest.mark.parametrize("name", ELEMENTS)
def test_no_repr_of_a_record_shows_a_child(name: str) -> None:
    model = getattr(models, name)
    record = model.from_dict(child(name))
    page = getattr(models, f"{name}Page", None)
    for shown in (record, copy.deepcopy(record), pickle.loads(pickle.dumps(record))):  # noqa: S301 - our own
        assert not exposed(repr(shown))
        assert "id-1" in repr(shown) or not any(field.name == "sourcedId" for field in model.FIELDS)
    assert not exposed(repr(record.problems()))
    if page is not None:
        assert not exposed(repr(page(**{page.FIELDS[0].attribute: [record]})))


@pytest.mark.parametrize("name", ELEMENTS)
def test_no_error_of_a_record_shows_a_child(name: str) -> None:
    model = getattr(models, name)
    record = model.from_dict({field.name: {CHILD: SECRET} for field in model.FIELDS if field.kind != "object"})
    for field in model.FIELDS:
        attempts: list[Callable[[], object]] = [
            lambda field=field: getattr(record, field.attribute),  # type: ignore[misc]  # not inferred
            lambda field=field: setattr(record, field.attribute, {CHILD, SECRET}),  # type: ignore[misc]  # not inferred
            record.to_wire,
        ]
        for attempt in attempts:
            for text in said_by(attempt):
                assert not exposed(text)


def said_by(attempt: Callable[[], object]) -> Iterator[str]:
    """Everything that an error says, to people and in a log."""
    try:
        attempt()
    except OneRosterError as error:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        yield from (str(error), repr(error), str(again), *traceback.format_exception(error))


ANSWERS = [
    (200, f"<html>{CHILD} {SECRET}</html>".encode()),
    (200, {"users": [CHILD]}),
    (200, {"users": [{"sourcedId": "u-1", "givenName": [CHILD]}], CHILD: SECRET}),
    (404, {"statusInfoSet": [{"imsx_codeMajor": CHILD, "imsx_codeMinor": f"{CHILD}!", "imsx_description": CHILD}]}),
    (520, f"{CHILD} {SECRET}".encode()),
]


@pytest.mark.parametrize("style", ["sync", "asyncio", "sync_detailed", "asyncio_detailed"])
@pytest.mark.parametrize(("status", "body"), ANSWERS)
def test_no_answer_shows_a_child(loopback: Loopback, status: int, body: object, style: str) -> None:
    loopback.answers(body, status=status, Set_Cookie=f"session={SECRET}")
    base_url = loopback.base_url.replace("://", f"://user:{SECRET}@")

    def attempt() -> None:
        found = call(base_url, "getAllUsers", style, filter=f"givenName='{CHILD}'")
        assert not exposed(repr(found))

    for text in said_by(attempt):
        assert not exposed(text)
    assert CHILD in loopback.seen[0].target


def test_no_client_and_no_request_shows_its_credentials() -> None:
    client = AuthenticatedClient(
        f"https://user:{SECRET}@sis.example/ims/oneroster/v1p1",
        SECRET,
        headers={"X-Key": SECRET},
        cookies={"c": SECRET},
        httpx_args={"params": {"key": SECRET}},
    )
    for each in (client, client.with_headers({"X-More": SECRET}), client.with_timeout(1)):
        assert repr(each) == "AuthenticatedClient(base_url='https://sis.example/ims/oneroster/v1p1')"
    sent = get_all_users.request(filter=f"givenName='{CHILD}'")
    assert not exposed(repr(sent))
    body = models.SingleResult.from_dict({"result": {"comment": CHILD}})
    for text in said_by(lambda: put_result.request(id="r", body=body)):
        assert not exposed(text)


@pytest.mark.parametrize("token", [f"{SECRET}\n", f"{SECRET}é", f"{SECRET}\x00", SECRET.encode()])
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: Any) -> None:
    with pytest.raises(ValueError, match="token must be printable ASCII text") as caught:
        AuthenticatedClient("https://sis.example", token)
    assert not exposed("".join(traceback.format_exception(caught.value)))
    with pytest.raises(ValueError, match="base_url must be") as caught:
        Client(f"https://sis.example?token={SECRET}")
    assert not exposed(str(caught.value))


def test_a_parameter_that_is_refused_is_not_shown() -> None:
    with Client("https://sis.example") as client:
        for attempt in (
            lambda: get_user.sync(client=client, id=[CHILD]),  # type: ignore[arg-type]  # wrong on purpose
            lambda: get_all_users.sync(client=client, limit=CHILD),  # type: ignore[arg-type]  # wrong on purpose
            lambda: get_all_users.sync(client=client, order_by=CHILD),
            lambda: get_all_users.sync(client=client, filter=f"{CHILD}\ud800"),
        ):
            said = list(said_by(attempt))
            assert said
            assert not any(map(exposed, said))


def test_the_child_was_really_there() -> None:
    user = models.User.from_dict(child("User"))
    assert CHILD in json.dumps(user.to_dict())
    assert isinstance(parse_json(json.dumps(child("User")).encode()), dict)
