"""The steps of `scripts/test`: which run, with what environment, and how a failed one shows."""

import pytest

import steps


def step(name: str, status: int = 0, output: str = "") -> steps.Step:
    return steps.Step(name, status, 1.0, output)


def test_a_step_runs_a_command_of_the_environment() -> None:
    done = steps.run("ruff", "--version", shown=False)
    assert (done.name, done.status) == ("ruff --version", 0)
    assert done.output.startswith("ruff ")
    assert steps.run("ruff", "no-such-command", shown=False).status != 0


def test_python_keeps_its_bytecode_in_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("OTHER", "kept")
    assert "PYTHONDONTWRITEBYTECODE" not in steps.variables()
    assert steps.variables()["OTHER"] == "kept"


@pytest.mark.parametrize("failed", ["", "ruff check .", "mypy", "pytest"])
def test_every_step_runs_and_a_failed_one_is_named(
    failed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[str] = []

    def run(*command: str, shown: bool = True) -> steps.Step:
        begun.append(command[0] if command[0] == "pytest" else " ".join(command))
        return step(begun[-1], int(begun[-1] == failed), "" if shown else f"said by {begun[-1]}")

    monkeypatch.setattr(steps, "run", run)
    assert steps.run_all("--all") == int(bool(failed))
    expected = {" ".join(command) for command in (*steps.QUICK, *steps.STATIC)} | {"pytest"}
    assert set(begun) == expected
    printed = capsys.readouterr().out
    assert (f"Failed: {failed}" in printed) is bool(failed)
    assert "said by basedpyright" in printed
