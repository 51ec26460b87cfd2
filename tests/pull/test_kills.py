"""Killed at any moment, a pull leaves the old roster or the new one, and goes on to what an undisturbed one gives."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oneroster.sandbox import Sandbox, Variants
from tests.patience import ended
from tests.pull.pulling import Rows, leftovers, rows_at, truth

SCRIPT = Path(__file__).with_name("killed.py")
SEED = 20261123


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox("small", 3) as tenant:
        yield tenant


@pytest.fixture(scope="module")
def expected(tenant: Sandbox) -> Rows:
    return truth(tenant)


def run(tenant: Sandbox, place: Path, deadly: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), tenant.base_url, tenant.token, str(place), str(deadly)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def steps(tenant: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many steps to the disk an undisturbed pull takes."""
    place = tmp_path_factory.mktemp("undisturbed") / "roster.parquet"
    done = run(tenant, place, 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def kill_and_go_on(tenant: Sandbox, expected: Rows, place: Path, moments: list[int]) -> None:
    for moment in moments:
        before = rows_at(place) if place.exists() else None
        killed = run(tenant, place, moment)
        if killed.returncode == 0:
            break  # so little was left to do that the moment never came
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        after = rows_at(place) if place.exists() else None
        assert after in (before, expected)
    done = run(tenant, place, 0)
    assert done.returncode == 0, done.stderr
    assert rows_at(place) == expected
    assert leftovers(place.parent) == []


@pytest.mark.series(dear=True)
@pytest.mark.parametrize("share", [0.4, 0.97])
def test_a_killed_pull_goes_on_where_it_was(
    tenant: Sandbox, expected: Rows, tmp_path: Path, steps: int, share: float
) -> None:
    kill_and_go_on(tenant, expected, tmp_path / "roster.parquet", [max(1, int(steps * share))])


def test_an_interrupted_pull_says_so_and_goes_on(expected: Rows, tmp_path: Path) -> None:
    place = tmp_path / "roster.parquet"
    with Sandbox("small", 3, variants=Variants(latency=0.05)) as slow:
        # A run of tests in the background inherits that interrupts are ignored; a person's terminal does not.
        program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        command = [
            sys.executable,
            "-c",
            f"{program}; from oneroster.cli import main; main()",
            "pull",
            "--to",
            str(place),
        ]
        command += ["--base-url", slow.base_url, "--token", slow.token, "--page-size", "9", "--workers", "2"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process, ended(process):
            assert process.stderr is not None
            first = process.stderr.readline()  # something is fetched, most is not
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
        assert "rows fetched" in first
        assert process.returncode == 130
        assert "--resume to continue" in said
        assert not place.exists()
        done = run(slow, place, 0)
    assert done.returncode == 0, done.stderr
    assert rows_at(place) == expected


@pytest.mark.series(by=lambda parameters: parameters["number"] % 2, dear=True)
@pytest.mark.parametrize(
    ("name", "number"),
    [*(("roster.parquet", number) for number in range(40)), *(("roster.duckdb", number) for number in range(40, 50))],
)
def test_a_pull_killed_again_and_again_goes_on(
    tenant: Sandbox, expected: Rows, tmp_path: Path, steps: int, name: str, number: int
) -> None:
    chance = random.Random(f"{SEED}-{number}")  # noqa: S311  # chance is to repeat itself
    if number % 2:
        assert run(tenant, tmp_path / name, 0).returncode == 0
    kill_and_go_on(tenant, expected, tmp_path / name, [chance.randint(1, steps) for _ in range(2)])
