"""A fake secret and a fake child go through everything that is shown; neither comes out.

Shown is what people see without asking for it: messages and tracebacks with all causes, arguments of errors, reprs,
log lines, warnings. A caller who asks for a field, a body or a header gets it.
"""

import asyncio
import json
import logging
import traceback
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from oneroster import AsyncOneRoster, F, OneRoster, OneRosterError, Paging, Retry, errors
from oneroster.operation_call import OperationCall
from oneroster_v1p1.models import Result
from tests.web import Answer, Seen, Web, serve

SECRET, TOKEN, STATIC = "s3cr3t-0f-the-tenant", "acc3ss-t0k3n", "st4tic-t0k3n"
GIVEN, FAMILY, MAIL, COMMENT = "Erika", "Mustermann", "erika@example.org", "cries in class"
CHILD = {
    "sourcedId": "u-1",
    "givenName": GIVEN,
    "familyName": FAMILY,
    "username": MAIL,
    "email": MAIL,
    "phone": COMMENT,
}
HIDDEN = (SECRET, TOKEN, STATIC, GIVEN, FAMILY, MAIL, COMMENT, b64encode(f"kit:{SECRET}".encode()).decode())
ECHO = f"no such user {GIVEN} {FAMILY} <{MAIL}>, {COMMENT}; you sent {SECRET} {TOKEN} {STATIC}"
IN_PATH = quote(f"/{GIVEN}/{FAMILY}/{SECRET}/{TOKEN}/{STATIC}?filter=familyName='{FAMILY}'", safe="/?=&")
HEADERS = (("X-Echo", ECHO), ("Set-Cookie", f"who={FAMILY}{TOKEN}"), ("WWW-Authenticate", f'Bearer error="{ECHO}"'))


def status_info(status: int) -> Answer:
    entry = {
        "imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_operationRefIdentifier": ECHO,
        "imsx_description": ECHO, "imsx_codeMinor": ECHO, FAMILY: ECHO,
    }  # fmt: skip
    return Answer(status, json.dumps({"statusInfoSet": [entry], "errors": [ECHO], ECHO: 1}).encode(), HEADERS)


def users(*records: dict[str, Any], extra: tuple[tuple[str, str], ...] = (), wrapper: str = "users") -> Answer:
    return Answer(200, json.dumps({wrapper: list(records)}).encode(), (*HEADERS, *extra))


ODD = {**CHILD, "role": {"is": ECHO}, "dateLastModified": ECHO, "orgs": ECHO, "userIds": [ECHO], ECHO: ECHO}
PAGE = f"<html><h1>{ECHO}</h1></html>".encode()
SERVERS: dict[str, Answer] = {
    **{f"status info {status}": status_info(status) for status in (200, 400, 401, 403, 404, 429, 500, 503)},
    "page of HTML as an error": Answer(500, PAGE, HEADERS),
    "page of HTML as a success": Answer(200, PAGE, HEADERS),
    "cut": Answer(200, f'{{"users": [{{"familyName": "{FAMILY}", "x": "{ECHO}'.encode(), HEADERS),
    "other wrapper": Answer(200, json.dumps({ECHO: {FAMILY: CHILD}}).encode(), HEADERS),
    "no gzip": Answer(200, PAGE, (*HEADERS, ("Content-Encoding", "gzip"))),
    "odd coding": Answer(200, PAGE, (*HEADERS, ("Content-Encoding", FAMILY))),
    "redirect within": Answer(302, PAGE, (*HEADERS, ("Location", IN_PATH))),
    "redirect elsewhere": Answer(302, PAGE, (*HEADERS, ("Location", f"http://{FAMILY}:{SECRET}@away.example{IN_PATH}"))),
    "redirect nowhere": Answer(302, PAGE, (*HEADERS, ("Location", f"http://[{FAMILY}{IN_PATH}"))),
    "link elsewhere": users(CHILD, extra=(("Link", f'<http://{FAMILY}@away.example{IN_PATH}&k=1>; rel="next"'),)),
    "link in a circle": users(CHILD, extra=(("Link", f'<{IN_PATH}&k={FAMILY}>; rel="next"'),)),
    "odd record": users(ODD, extra=(("X-Total-Count", "1"),)),
    "row twice": users(CHILD, CHILD),
    "too large a total": users(CHILD, extra=(("X-Total-Count", "9"),)),
    "total of words": users(CHILD, extra=(("X-Total-Count", ECHO),)),
}  # fmt: skip
TOKENS: dict[str, Answer] = {
    "refused": Answer(401, json.dumps({"error": FAMILY, "error_description": ECHO}).encode(), HEADERS),
    "failing": Answer(503, PAGE, HEADERS),
    "without token": Answer(200, json.dumps({"token": TOKEN, "x": ECHO}).encode(), HEADERS),
    "odd kind": Answer(200, json.dumps({"access_token": TOKEN, "token_type": ECHO}).encode(), HEADERS),
    "no JSON": Answer(200, PAGE, HEADERS),
    "redirect": Answer(302, PAGE, (("Location", f"http://away.example{IN_PATH}"),)),
}
GRANTED = Answer(200, json.dumps({"access_token": TOKEN, "token_type": "bearer"}).encode())


class Shown(NamedTuple):
    """All that was to be seen."""

    pieces: list[str]

    def thing(self, *things: object) -> None:
        self.pieces.extend(text for thing in things for text in (repr(thing), str(thing)))

    def error(self, error: BaseException) -> None:
        self.thing(error, error.args, *vars(error).values())
        self.pieces.extend(traceback.format_exception(error))

    def check(self) -> None:
        text = "\n".join(self.pieces)
        found = [word for word in HIDDEN if word in text or quote(word) in text or json.dumps(word)[1:-1] in text]
        assert found == [], text


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Iterator[Shown]:
    caplog.set_level(logging.DEBUG, "oneroster")
    collected = Shown([])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield collected
    collected.pieces.extend(str(warning.message) for warning in caught)
    collected.pieces.extend(f"{record.getMessage()} {record.args}" for record in caplog.get_records("call"))
    assert caplog.get_records("call")
    collected.check()


def access(kind: str, web: Web) -> dict[str, Any]:
    given: dict[str, Any] = {
        "bearer": {"token": STATIC},
        "oauth1": {"client_id": "kit", "client_secret": SECRET},
        "oauth2": {"client_id": "kit", "client_secret": SECRET, "token_url": f"{web.origin}/token?key={SECRET}"},
        "oauth2 in the form": {
            "client_id": "kit", "client_secret": SECRET, "token_url": f"{web.origin}/token", "client_auth": "body",
        },
    }[kind]  # fmt: skip
    return {"base_url": web.origin, "retry": Retry(attempts=2, first_delay=0), "paging": Paging(limit=2), **given}


FILTER = (F.family_name == FAMILY) & (F.email == MAIL)


def result() -> Result:
    return Result.from_dict({"sourcedId": "r-1", "comment": COMMENT, "student": CHILD, "score": 1})


def show_records(shown: Shown, records: list[Any]) -> None:
    shown.thing(*records)
    for record in records:
        shown.thing(record.problems())
        for name in type(record).BY_ATTRIBUTE:
            try:
                getattr(record, name)
            except errors.FieldError as error:
                shown.error(error)


def use(shown: Shown, settings: dict[str, Any]) -> None:
    with OneRoster(**settings) as roster:
        pages = roster.get_all_users(filter=FILTER)
        calls: list[Callable[[], object]] = [
            lambda: list(pages.pages()),
            lambda: [pages.first()],
            lambda: [roster.get_user("u-1")],
            lambda: roster.put_result("r-1", result()),
            lambda: roster.delete_result("r-1"),
        ]
        for call in calls:
            try:
                found = call()
            except OneRosterError as error:
                shown.error(error)
                continue
            for thing in found if isinstance(found, list) else []:
                shown.thing(thing)
                records = getattr(thing, "records", [thing])
                show_records(shown, [record for record in records if record is not None])
                shown.thing(getattr(thing, "status_info", None))
        shown.thing(roster, roster.session, roster.session.settings, roster.session.client, roster.session.client.auth)
        shown.thing(roster.api, pages, FILTER, result())


async def use_async(shown: Shown, settings: dict[str, Any]) -> None:
    async with AsyncOneRoster(**settings) as roster:

        async def pages() -> list[Any]:
            return [page async for page in roster.get_all_users(filter=FILTER).pages()]

        for call in (
            pages,
            lambda: roster.get_user("u-1"),
            lambda: roster.put_result("r-1", result()),
            lambda: roster.delete_result("r-1"),
        ):
            try:
                shown.thing(await call())
            except OneRosterError as error:
                shown.error(error)
        shown.thing(roster, roster.session, roster.session.settings, roster.session.client.auth, roster.api)


def answers(tenant: Answer, token: Answer = GRANTED) -> Callable[[Seen], Answer]:
    def answer(seen: Seen) -> Answer:
        if seen.path.startswith(f"/{GIVEN}") and tenant.status == 302:
            return status_info(404)
        return token if seen.path.startswith("/token") else tenant

    return answer


@pytest.mark.series(by=lambda parameters: parameters["server"])
@pytest.mark.parametrize("kind", ["bearer", "oauth1", "oauth2"])
@pytest.mark.parametrize("server", SERVERS)
def test_nothing_that_a_tenant_echoes_is_shown(shown: Shown, server: str, kind: str) -> None:
    with serve(answers(SERVERS[server])) as web:
        use(shown, access(kind, web))
        asyncio.run(use_async(shown, access(kind, web)))
        assert web.seen


@pytest.mark.parametrize("kind", ["oauth2", "oauth2 in the form"])
@pytest.mark.parametrize("token", TOKENS)
def test_nothing_that_a_token_endpoint_echoes_is_shown(shown: Shown, token: str, kind: str) -> None:
    with serve(answers(users(CHILD), TOKENS[token])) as web:
        use(shown, access(kind, web))
        asyncio.run(use_async(shown, access(kind, web)))
        assert {seen.path.partition("?")[0] for seen in web.seen} == {"/token"}


@pytest.mark.parametrize("kind", ["bearer", "oauth1", "oauth2"])
def test_nothing_is_shown_when_nobody_answers(shown: Shown, kind: str) -> None:
    settings = access(kind, Web("http://127.0.0.1:1", []))
    use(shown, settings)
    asyncio.run(use_async(shown, settings))


def test_the_parts_of_the_client_show_nothing_either(caplog: pytest.LogCaptureFixture) -> None:
    del caplog
    shown = Shown([])
    with serve(answers(users(CHILD))) as web, OneRoster(**access("oauth2", web)) as roster:
        call = OperationCall(OneRoster.standard, "getAllUsers", {"filter": FILTER}, web.origin)
        answer = roster.session.send("GET", call.url(call.request()))
        shown.thing(answer, call, call.request(), call.read_page(answer).response, roster.session.client.auth)
        shown.thing(vars(roster.session.client.auth)["_token"])
        assert TOKEN in web.seen[-1].headers["authorization"]
        assert quote(FAMILY) in web.seen[-1].path
    shown.check()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda roster: roster.get_all_users(filter=F.given_name == f"{GIVEN}'s"),
        lambda roster: roster.get_all_users(filter=F.role == FAMILY),
        lambda roster: roster.get_all_users(filter=F.date_last_modified > MAIL),
        lambda roster: roster.get_all_users(filter=F.given_name == {FAMILY: MAIL}),
        lambda roster: roster.get_all_users(order_by=FAMILY),
        lambda roster: roster.get_all_users(limit=FAMILY),
        lambda roster: roster.get_user([FAMILY]),
        lambda roster: roster.put_result("r-1", FAMILY),
        lambda _: setattr(result(), "comment", {COMMENT: MAIL}),
        lambda _: setattr(result(), "score", COMMENT),
        lambda _: OneRoster("kit", SECRET, base_url=f"https://{FAMILY}:{SECRET}@sis.example").session,
        lambda _: OneRoster("kit", SECRET, base_url="https://sis.example", client_auth=SECRET).session,
        lambda _: OneRoster("kit", SECRET, base_url="https://sis.example", oauth1_method=SECRET).session,
    ],
)
def test_what_is_refused_before_sending_does_not_show_the_value(wrong: Callable[[Any], object]) -> None:
    shown = Shown([])
    with OneRoster("kit", SECRET, base_url="http://127.0.0.1:1") as roster, pytest.raises(OneRosterError) as caught:
        wrong(roster)
    shown.error(caught.value)
    shown.check()


def test_every_class_of_error_takes_part() -> None:
    # A class that is new has to be pushed through the tests above, then it is named here.
    assert {name for name in errors.__all__ if name.endswith("Error")} == {
        "AccessDeniedError", "AccessError", "ConfigurationError", "CountMismatchError", "DecodeError", "FieldError",
        "FilterError",
        "ForeignOriginError", "MissingFieldError", "OneRosterError", "PagingError", "ResponseTimeoutError",
        "ResponseTooLargeError", "StatusError", "TokenError", "TransportError", "UnknownFieldError",
        "UnreadableFieldError", "UnstableCollectionError", "WriteError", "WrongRecordError",
    }  # fmt: skip
