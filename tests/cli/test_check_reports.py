"""`oneroster check`: the files and forms of its report, and the comparison with an older one."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oneroster.cli import build
from oneroster.sandbox import Sandbox

QUICK = ("--include", "envelope", "--include", "getAllOrgs", "--include", "getOrg", "--seed", "1")


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(faults=["text-media-type"]) as served:
        yield served


def run(tenant: Sandbox, *arguments: str) -> tuple[int, str, str]:
    """Return exit status, stdout and stderr of a check of the faulty tenant."""
    access = ("--base-url", tenant.base_url, "--token", tenant.token)
    result = CliRunner().invoke(build(), ["check", *access, *QUICK, *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_one_run_gives_every_form(tenant: Sandbox, tmp_path: Path) -> None:
    options = [text for form in ("json", "junit", "html") for text in (f"--report-{form}", str(tmp_path / f"r.{form}"))]
    status, stdout, _ = run(tenant, *options, "--github")
    assert status == 1
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["summary"]["failed"] > 0
    failures = ET.parse(tmp_path / "r.junit").getroot().get("failures")  # noqa: S314  # our own output
    assert int(failures or 0) > 0
    assert "; 1 failed" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "::error title=must OR-ENV-03::" in stdout


@pytest.mark.parametrize("form", ["json", "junit", "html"])
def test_a_report_on_stdout_stands_there_alone(tenant: Sandbox, form: str) -> None:
    _, stdout, stderr = run(tenant, f"--report-{form}", "-")
    assert stdout.lstrip()[0] in "{<"
    assert "; 1 failed" in stderr
    assert "family" not in stdout.splitlines()[0]


def test_a_later_run_says_what_changed(tenant: Sandbox, tmp_path: Path) -> None:
    run(tenant, "--report-json", str(tmp_path / "old.json"))
    with Sandbox() as mended:
        _, better, _ = run(mended, "--compare", str(tmp_path / "old.json"), "--report-html", str(tmp_path / "r.html"))
    assert "better OR-ENV-03" in better
    assert "0 worse" in better
    assert "0 worse" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--report-json", "-", "--report-html", "-"), "only one report can go to stdout"),
        (("--report-json", "r.txt", "--report-html", "./r.txt"), "r.txt is named for two files of this run"),
        (("--report-json", "b.json", "--update-baseline", "b.json", "--reason", "r"), "b.json is named for two files"),
        (("--compare", "none.json"), "cannot read the older report none.json"),
        (("--report-html", "none/r.html"), "the folder none does not exist"),
        (("--report-json", "/"), "cannot write /: it is a folder"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_run(arguments: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(build(), ["check", "--base-url", "http://127.0.0.1:9", *arguments])
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_file_that_cannot_be_written_costs_no_other_form(tenant: Sandbox, tmp_path: Path) -> None:
    status, stdout, stderr = run(tenant, "--report-json", "/dev/full", "--report-html", str(tmp_path / "r.html"))
    assert status == 2
    assert "cannot write the report to" in stderr
    assert "; 1 failed" in stdout
    assert (tmp_path / "r.html").exists()
