"""What a command says to do about an error."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oneroster import DecodeError, TokenError, TransportError
from oneroster.cli import build
from oneroster.cli._error_hints import hint_of
from oneroster.errors import CountMismatchError
from oneroster.sandbox import Sandbox
from tests.web import Answer, Seen, serve

ROW = b'{"orgs": [{"sourcedId": "1", "status": "active", "dateLastModified": "2026-01-01T00:00:00Z", "name": "A",'


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in ("TOKEN", "TENANT", "BASE_URL", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"ONEROSTER_{name}", raising=False)
    return


def failed(*words: str, status: int = 1) -> str:
    result = CliRunner().invoke(build(), words, env={"COLUMNS": "300"})
    assert result.exit_code == status, result.output
    return result.stderr


@pytest.mark.parametrize(("status", "is_about_credentials"), [(401, True), (None, True), (404, False), (503, False)])
def test_only_refused_credentials_of_a_token_endpoint_say_where_they_come_from(
    status: int | None, is_about_credentials: bool
) -> None:
    assert ("Credentials come from" in hint_of(TokenError("No token.", status), "get")) is is_about_credentials


def test_a_collection_that_fails_can_be_left_out_c11() -> None:
    with Sandbox(faults=["demographics-error"]) as tenant:
        access = ("--base-url", tenant.base_url, "--token", tenant.token)
        said = failed("pull", "--to", "r.ndjson", "--only", "demographics,orgs", *access)
        assert re.search(r"was answered with 500.*--resume continues.*--without demographics leaves", said)
        words = ["pull", "--to", "r.ndjson", "--only", "orgs", "--without", "demographics", *access]
        assert CliRunner().invoke(build(), words).exit_code == 0


def test_a_server_that_allows_fewer_requests_c4() -> None:
    busy = Answer(429, b"{}", (("Retry-After", "3600"),))
    with serve(lambda _: busy) as web:
        said = failed("pull", "--to", "r.ndjson", "--only", "orgs", "--base-url", web.origin, "--token", "t")
        read = failed("get", "orgs", "--base-url", web.origin, "--token", "t")
    assert re.search(r"429.*asks for a pause of 3,600 seconds: --rate.*--resume", said)
    assert re.search(r"429.*asks for a pause of 3,600 seconds; try again later", read)


@pytest.mark.parametrize("command", ["get", "pull"])
def test_a_page_in_place_of_json_says_to_check_the_base_url(command: str) -> None:
    page, cut = (DecodeError("the body is not JSON", "getAllOrgs", kind) for kind in ("text/html", "application/json"))
    assert "check the base URL (--base-url, ONEROSTER_BASE_URL), and whether a login page" in hint_of(page, command)
    assert hint_of(cut, command) == ""


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("command", [["get", "orgs"], ["pull", "--to", "r.ndjson", "--only", "orgs"], ["check"]])
def test_refused_credentials_name_where_they_come_from(command: list[str], status: int) -> None:
    # A pull leaves out collections that are refused, so it fails only where none is offered.
    with serve(lambda _: Answer(status)) as web:
        access = ("--base-url", web.origin, "--token", "t0ken")
        words = [*command, *(("--max-requests", "60") if command == ["check"] else ()), *access]
        result = CliRunner().invoke(build(), words, env={"COLUMNS": "300"})
    assert result.exit_code == (3 if command == ["check"] else 1)
    if command[0] != "pull":
        for name in ("--token", "ONEROSTER_TOKEN", "--client-id", "--tenant", "ONEROSTER_TENANT", "--sandbox"):
            assert name in result.output
    assert "t0ken" not in result.output


def test_missing_credentials_of_a_check_name_where_they_come_from() -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(200 if "authorization" in seen.headers else 401)

    with serve(answer) as web:
        output = CliRunner().invoke(build(), ["check", "--base-url", web.origin], env={"COLUMNS": "300"})
    assert output.exit_code == 3
    for name in ("credentials are missing", "--token", "ONEROSTER_TOKEN", "--tenant", "--sandbox"):
        assert name in output.output


def test_a_hint_is_for_the_command() -> None:
    refused, lost = TokenError("no token", 401), TransportError("lost")
    assert "--token" in hint_of(refused, "get")
    assert (hint_of(lost, "get"), hint_of(lost, "pull")) == ("", "--resume continues with the rows that were fetched.")
    short = CountMismatchError("getAllOrgs", "rows are missing", 1, 2)
    assert hint_of(short, "pull").endswith("--without orgs leaves this collection out.")
    assert hint_of(CountMismatchError("elsewhere", "", 1), "pull").endswith("were fetched.")


def test_get_says_why_it_waits() -> None:
    answers = [Answer(503), Answer(200, b'{"orgs": []}')]
    with serve(lambda _: answers.pop(0) if len(answers) > 1 else answers[0]) as web:
        words = ["get", "orgs", "--base-url", f"{web.origin}/ims/oneroster/v1p1", "--token", "t"]
        result = CliRunner().invoke(build(), words, env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    assert re.search(
        r"^waiting \d+ s: HTTP 503, the server is busy; 1 request sent again so far$", result.stderr, re.MULTILINE
    )
