"""`scripts/test --engines`: what it needs, and what it runs."""

from pathlib import Path

import pytest

import engines
import steps


def test_without_java_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engines.shutil.which", lambda _: None)
    with pytest.raises(SystemExit, match="apt-get install openjdk-17-jre-headless"):
        engines.run()


def test_it_installs_once_and_runs_the_tests_in_one_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed: list[list[str]] = []
    ran: list[tuple[str, ...]] = []

    def install(command: list[str], **_: object) -> object:
        installed.append(command)
        return type("Done", (), {"returncode": 0})

    def run(*command: str) -> steps.Step:
        ran.append(command)
        return steps.Step(" ".join(command), 1, 2.0)

    monkeypatch.setattr(engines, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr("engines.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("engines.subprocess.run", install)
    monkeypatch.setattr(steps, "run", run)
    assert engines.run("--all") == engines.run() == 1
    assert len(installed) == 1
    assert installed[0][-1] == ".[spark,dlt,dev-engines]"
    assert ran[0] == ("pytest", "-n", "0", "--engines", "tests/engines", "--all")
