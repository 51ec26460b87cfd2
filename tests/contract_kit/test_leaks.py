"""A made-up child and a made-up secret stand wherever a tenant can put them; neither may come out of a run."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from contract_kit.hostile import answer, says, serving

CHILD = "Zaphod"
SECRET = "hunter2hunter2"

RECORD = {"sourcedId": "x-1", "status": "active", "dateLastModified": "2024-08-01T06:00:00Z"}
GOOD = RECORD | {"title": CHILD, "name": CHILD}
REFERENCE = {"href": CHILD, "sourcedId": "x-1", "type": CHILD}
BAD = {
    "sourcedId": "x-2",
    "status": CHILD,
    "dateLastModified": CHILD,
    "username": {CHILD: CHILD},
    "role": CHILD,
    "givenName": [CHILD],
    "familyName": CHILD,
    "enabledUser": CHILD,
    "grades": CHILD,
    "email": None,
    "title": CHILD,
    "orgs": [CHILD],
    "agents": [REFERENCE],
    "birthDate": CHILD,
    "metadata": CHILD,
    "score": CHILD,
    CHILD: CHILD,
    "user": REFERENCE,
    "class": {CHILD: 1},
    "parent": REFERENCE,
    "children": [REFERENCE],
    "userIds": [{CHILD: CHILD}],
}
WRAPPERS = {
    "academicSessions": "academicSession",
    "orgs": "org",
    "users": "user",
    "classes": "class",
    "courses": "course",
    "enrollments": "enrollment",
    "demographics": "demographics",
    "categories": "category",
    "lineItems": "lineItem",
}


def tells_all(connection: socket.socket, head: bytes) -> None:
    """A tenant that puts the child into every place where something can be put, and the secret into its errors."""
    segments = head.split(b" ")[1].decode().partition("?")[0].removeprefix("/ims/oneroster/v1p1/").split("/")
    body = {many: [GOOD, BAD] for many in WRAPPERS}
    if len(segments) == 2:
        body = {one: BAD | {"sourcedId": segments[1]} for one in WRAPPERS.values()}
    if segments[-1] == "resources":
        refusal = f"<html>{CHILD} {SECRET}</html>".encode()
        says(answer(refusal, "500 " + CHILD, Content_Type=f"text/{CHILD}"))(connection, head)
        return
    link = f'</{segments[-1]}?name={CHILD}>; rel="next"'
    headers = {"Link": link, "X_Total_Count": CHILD, "X_Name": CHILD, "Set_Cookie": f"name={CHILD}"}
    says(answer(json.dumps({**body, CHILD: CHILD}).encode(), **headers))(connection, head)


@pytest.mark.parametrize("access", ["ONEROSTER_TOKEN", "ONEROSTER_CLIENT_SECRET"])
def test_neither_comes_out(access: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        access: SECRET,
    }
    if access == "ONEROSTER_CLIENT_SECRET":
        environment["ONEROSTER_CLIENT_ID"] = "me"
    with serving(tells_all) as server:
        environment["ONEROSTER_BASE_URL"] = server.base_url
        program = "from oneroster.cli import main; main()"
        command = [sys.executable, "-c", program, "check", "--report-json", "report.json"]
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "error of the kit" not in done.stdout
    report = json.loads((home / "report.json").read_text(encoding="utf-8"))
    assert report["summary"]["failed"] > 10
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == [home / "report.json"]
    for text in (done.stdout, done.stderr, json.dumps(report)):
        assert CHILD not in text
        assert SECRET not in text
