"""Whatever a server says, and wherever it says so: no command passes it on to a terminal as an instruction."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from oneroster.cli import build
from tests.web import Answer, Seen, serve

SIGNS = "\x1b]0;title\x07\x1b[2J\u202egnp\u2066\r\nX-Header: [red]markup[/red] <script> ::error::x"
HEADER = SIGNS.partition("\u202e")[0]
STATUS = {
    "imsx_codeMajor": SIGNS,
    "imsx_severity": SIGNS,
    "imsx_description": SIGNS,
    "imsx_CodeMinor": {"imsx_codeMinorField": [{"imsx_codeMinorFieldName": SIGNS, "imsx_codeMinorFieldValue": SIGNS}]},
}


def record(number: int) -> dict[str, Any]:
    names = ("status", "dateLastModified", "name", "type", "role", "username", SIGNS)
    return {"sourcedId": f"{SIGNS}{number // 2}", "number": number, **dict.fromkeys(names, SIGNS)}


def said(status: int, body: Any, *headers: tuple[str, str]) -> Answer:
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


ANSWERS: dict[str, Callable[[str], Answer]] = {
    "an error": lambda _name: said(422, STATUS, ("X-Vendor", HEADER)),
    "a refusal": lambda _name: said(401, STATUS, ("WWW-Authenticate", f'Bearer realm="{HEADER}"')),
    "a media type": lambda _name: said(200, b"<html>", ("Content-Type", f"text/{HEADER}")),
    "a redirect": lambda _name: said(302, b"", ("Location", f"http://else{HEADER}where.example/")),
    "an encoding": lambda _name: said(200, {}, ("Content-Encoding", HEADER)),
    "a total": lambda name: said(200, {name: []}, ("X-Total-Count", HEADER)),
    "a wrapper": lambda _name: said(200, {SIGNS: [{}], f"{SIGNS}2": [{}]}),
    "records": lambda name: said(200, {name: [record(0), record(2)]}, ("X-Total-Count", "2")),
    "twins": lambda name: said(200, {name: [record(0), record(1)]}, ("X-Total-Count", "2")),
}


@pytest.mark.series(by=lambda parameters: parameters["command"])
@pytest.mark.parametrize("command", ["pull", "get"])
@pytest.mark.parametrize("where", ANSWERS)
def test_d7_no_text_of_a_server_is_an_instruction_to_a_terminal(
    where: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oneroster.cli._get_records._to_terminal", lambda: True)

    def answer(seen: Seen) -> Answer:
        return ANSWERS[where](seen.path.partition("?")[0].rpartition("/")[2])

    rest = ["--to", str(tmp_path / "r.parquet"), "--only", "users"] if command == "pull" else []
    with serve(answer) as web:
        access = ["--base-url", f"{web.origin}/ims/oneroster/v1p1", "--token", "t", "--standard", "1.1"]
        result = CliRunner().invoke(build(), [command, *(["users"] if command == "get" else []), *access, *rest])
    assert result.exit_code in (0, 1, 3), result.output
    shown = f"{result.stdout}{result.stderr}"
    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    if where != "twins" and (command, where) != ("get", "records"):
        assert "markup" not in shown
