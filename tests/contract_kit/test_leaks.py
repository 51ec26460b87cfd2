"""Personal data and secrets that a tenant sends in any place appear in no output of a run."""

import json
import os
import socket
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

from oneroster.cli.check import check
from oneroster.sandbox.district.generator import district_entities
from oneroster.sandbox.district.mapping_v1p1 import map_entity
from oneroster.sandbox.district.size import Size
from tests.contract_kit.hostile import answer, says, serving

CHILD = "Zaphod"
SECRET = "hunter2hunter2"
NAMES = ("username", "familyName")
"""Properties of a user whose values are not common words."""

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
    """Respond with the child's name in every possible place, and with the secret in errors."""
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


def report_options() -> list[str]:
    """Return all options that write a report, each with a different file."""
    names = [name for name in signature(check).parameters if name.startswith("report_")]
    return [word for name in names for word in (f"--{name.replace('_', '-')}", f"{name}.out")]


def run(home: Path, arguments: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a separate home folder, with logs of every level in a file."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        **settings,
    }
    program = (
        "import logging; logging.basicConfig(level=logging.DEBUG, filename='debug.log');"
        # Its debug lines contain response headers, which only httpcore itself could mask.
        "logging.getLogger('httpcore').setLevel(logging.INFO);"
        "from oneroster.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "check", *arguments]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def written(home: Path) -> dict[str, str]:
    """Return the text of all files in the home folder after a run, including caches and temporary files."""
    return {
        str(path.relative_to(home)): path.read_text("utf-8", "replace") for path in home.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("access", ["ONEROSTER_TOKEN", "ONEROSTER_CLIENT_SECRET"])
def test_neither_comes_out(access: str, tmp_path: Path) -> None:
    # One whole run is enough for what the rules say; the other is of the ways in and of generated requests.
    settings, chosen = {access: SECRET}, ["--include", "access,engine,errors"]
    if access == "ONEROSTER_CLIENT_SECRET":
        settings["ONEROSTER_CLIENT_ID"] = "me"
        chosen = ["--exclude", "engine"]
    with serving(tells_all) as server:
        done = run(
            tmp_path,
            [*report_options(), *chosen, "--github", "--allow-writes"],
            ONEROSTER_BASE_URL=server.base_url,
            **settings,
        )
    assert done.returncode == 1, done.stderr
    assert "error of the kit" not in done.stdout
    files = written(tmp_path)
    assert json.loads(files["report_json.out"])["summary"]["failed"]
    assert set(files) == {name for name in report_options() if name.endswith(".out")} | {"debug.log"}
    for place, text in {"stdout": done.stdout, "stderr": done.stderr, **files}.items():
        assert CHILD not in text, place
        assert SECRET not in text, place


def test_a_rehearsal_in_the_sandbox_lets_nobody_out(tmp_path: Path) -> None:
    """The sandbox has synthetic people; what holds for them holds for real ones."""
    faults = [
        word
        for name in ("missing-required", "lost-row", "single-differs", "put-loses-text")
        for word in ("--fault", name)
    ]
    done = run(
        tmp_path,
        ["--sandbox", "--include", "schema,paging,semantics,writes", "--allow-writes", *faults, *report_options()],
    )
    assert done.returncode == 1, done.stderr
    files = written(tmp_path)
    (cached,) = (name for name in files if name.endswith(".sqlite"))
    assert "User" in files.pop(cached)
    people = {
        str(record[field])
        for entity in district_entities(Size.parse("small"), 1)
        for element, record in map_entity(entity)
        if element == "User"
        for field in NAMES
    }
    for place, text in {"stdout": done.stdout, "stderr": done.stderr, **files}.items():
        assert not [name for name in people if name in text], place
