"""`oneroster sandbox` as a process: output and exit status."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.sandbox.faults import FAULTS
from oneroster.sandbox.variants import VARIANTS

# A process in the background may inherit that SIGINT is ignored.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = [sys.executable, "-c", f"{HEARD}; from oneroster.cli import main; main()"]
SECONDS = 120


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a temporary cache folder."""
    return os.environ | {"XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "200", "NO_COLOR": "1"}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "sandbox", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def said_by(environment: dict[str, str], *arguments: str) -> Result:
    """Run the command in this process, for options that end it before it serves."""
    return CliRunner().invoke(build(), ["sandbox", *arguments], env=environment)


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Yield the process and its output, once it has printed how to reach it."""
    command = [*COMMAND, "sandbox", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            said = {}
            for line in process.stdout or ():
                name, _, value = line.partition(":")
                said[name] = value.strip()
                if line.startswith("Press Ctrl-C"):
                    break
            yield process, said
        finally:
            process.kill()


def test_it_serves_until_interrupted(environment: dict[str, str]) -> None:
    with running(environment, "--seed", "3", "--fault", "wrong-total") as (process, said):
        users = httpx.get(f"{said['base URL']}/users", headers={"Authorization": f"Bearer {said['token']}"})
        assert users.headers["x-total-count"] == "42"
        form = {
            "grant_type": "client_credentials",
            "client_id": said["client id"],
            "client_secret": said["client secret"],
        }
        assert httpx.post(said["token URL"], data=form).status_code == 200
        assert said["faults"] == "wrong-total"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, out.strip(), err) == (130, "", "oneroster sandbox: interrupted\n")


def test_the_polite_signal_ends_it_too(environment: dict[str, str]) -> None:
    with running(environment) as (process, _):
        process.terminate()
        assert process.wait(SECONDS) == 0


def test_the_curl_line_works_as_it_stands(environment: dict[str, str]) -> None:
    with running(environment) as (_, said):
        line = next(f"{name}:{value}" for name, value in said.items() if name.startswith("curl"))
        token, address = re.findall(r"Bearer ([^']+)' '([^']+)'", line)[0]
        answer = httpx.get(address, headers={"Authorization": f"Bearer {token}"})
        assert len(answer.json()["users"]) == 3


def test_it_listens_where_it_is_told(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused = run(environment, "--port", str(port))
    assert refused.returncode == 2
    assert refused.stderr == (
        f"oneroster sandbox: port {port} of 127.0.0.1 is in use; choose another --port, or 0 for any free port\n"
    )
    with running(environment, "--port", str(port)) as (_, said):
        assert said["base URL"] == f"http://127.0.0.1:{port}/ims/oneroster/v1p1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "lost-rwo"], "unknown fault 'lost-rwo'; did you mean lost-row?"),
        (["--profile", "kimona"], "unknown profile 'kimona'; did you mean kimono?"),
        (["--profile", "zzz"], "unknown profile 'zzz'; known are kimono, standard"),
        (["--size", "3"], "40"),
        (["--size", "huge"], "small, medium, large"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(environment: dict[str, str], arguments: list[str], words: str) -> None:
    done = said_by(environment, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("oneroster sandbox: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_without_a_cache_the_data_is_in_memory_d6(environment: dict[str, str], tmp_path: Path) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.touch()
    with running(environment | {"XDG_CACHE_HOME": str(in_the_way)}) as (process, said):
        assert said["base URL"].startswith("http")
        process.terminate()
        out, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, out.strip(), err) == (0, "Stopped.", "")


def test_faults_are_listed_with_what_they_do(environment: dict[str, str]) -> None:
    done = said_by(environment, "--list-faults")
    assert done.exit_code == 0
    for fault in FAULTS.values():
        assert fault.name in done.stdout
    assert "X-Total-Count" in done.stdout
    assert "[A]" in done.stdout


def test_variants_are_listed_with_what_they_do(environment: dict[str, str]) -> None:
    done = said_by(environment, "--list-variants")
    assert all(name in done.stdout and variant.does in done.stdout for name, variant in VARIANTS.items())


def test_a_variant_can_be_chosen(environment: dict[str, str]) -> None:
    with running(environment, "--variant", "page-cap", "--variant", "no-links") as (_, said):
        headers = {"Authorization": f"Bearer {said['token']}"}
        answer = httpx.get(f"{said['base URL']}/users?limit=50", headers=headers)
    assert (len(answer.json()["users"]), "link" in answer.headers) == (10, False)
    assert said["variants"] == "page-cap, no-links"


def test_help_teaches_by_examples(environment: dict[str, str]) -> None:
    done = said_by(environment, "--help")
    assert done.exit_code == 0
    for words in ("oneroster sandbox --size large --port 8080", "--fault lost-row", "standard, kimono"):
        assert words in done.stdout


@pytest.mark.parametrize("missing", ["typer", "rich", "starlette", "uvicorn"])
def test_a_plain_install_says_what_to_install(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from oneroster.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "sandbox"], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert 'pip install "oneroster-kit[check]"' in done.stderr


def test_a_token_can_be_given(environment: dict[str, str]) -> None:
    with running(environment, "--token", "t0ken-of-ci") as (_, said):
        assert said["token"] == "t0ken-of-ci"
        headers = {"Authorization": "Bearer t0ken-of-ci"}
        assert httpx.get(f"{said['base URL']}/orgs", headers=headers).status_code == 200
    assert said_by(environment, "--token", " ").exit_code == 2


def test_it_serves_many_tenants_on_one_port(environment: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "oneroster.toml"
    options = ["--tenants", "3", "--fault", "wrong-total@tenant-2", "--size", "50@tenant-3", "--token", "t"]
    with running(environment, *options, "--write-config", str(config)) as (process, said):
        assert said["tenants"] == "tenant-1 to tenant-3"
        totals = []
        for number in (1, 2, 3):
            base_url = said["base URL"].replace("tenant-1", f"tenant-{number}")
            headers = {"Authorization": f"Bearer t-tenant-{number}"}
            totals.append(httpx.get(f"{base_url}/users", headers=headers).headers["x-total-count"])
        assert totals == ["41", "42", "50"]
        assert config.read_text().count("[tenants.tenant-") == 3
        process.terminate()
        assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--write-config", "x.toml"], "--write-config belongs to --tenants"),
        (["--fault", "lost-row@tenant-1"], "lost-row@tenant-1: there are no names of tenants without --tenants"),
        (["--size", "50@tenant-1"], "50@tenant-1: there are no names of tenants without --tenants"),
        (["--tenants", "2", "--fault", "lost-row@tenant-3"], "unknown tenant 'tenant-3'"),
        (["--tenants", "2", "--fault", "lost-rwo"], "did you mean lost-row?"),
        (["--tenants", "200000"], "the number of tenants is from 1 to"),
    ],
)
def test_options_of_many_tenants_are_checked(environment: dict[str, str], arguments: list[str], words: str) -> None:
    said = said_by(environment, *arguments)
    assert (said.exit_code, words in said.stderr) == (2, True), said.stderr
