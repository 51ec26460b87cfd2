"""The options that name a tenant, for every command that sends requests to one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from oneroster.cli import build
from oneroster.cli._tenant_options import NO_TENANT, TenantOptions
from oneroster.errors import ConfigurationError
from oneroster.sandbox import Sandbox

KEY = "v3nd0r-k3y"
COMMANDS = {
    "get": ["get", "categories"],
    "pull": ["pull", "--only", "categories", "--to", "roster.ndjson"],
    "check": ["check", "--include", "getAllCategories", "--include", "OR-ENV-01"],
}


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), words, env={"VENDOR_KEY": KEY, "COLUMNS": "300"})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_header_is_an_option_of_every_command_c1(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Sandbox(faults=["vendor-header"]) as tenant:
        words = [*COMMANDS[command], "--base-url", tenant.base_url, "--token", tenant.token]
        refused = run(*words)
        assert refused.exit_code in (1, 3), refused.output
        given = run(*words, "--header", "X-Vendor-Authorization=env:VENDOR_KEY")
        assert given.exit_code == 0, given.output
    assert KEY not in given.output


@pytest.mark.parametrize("command", COMMANDS)
def test_the_value_of_a_header_is_never_an_option_c1(command: str) -> None:
    access = ("--base-url", "https://sis.example", "--token", "t")
    result = run(*COMMANDS[command], *access, "--header", f"X-Vendor-Authorization={KEY}")
    assert result.exit_code == 2
    assert "--header must be NAME=env:VARIABLE or NAME=file:PATH" in result.stderr
    assert KEY not in result.output


def test_the_sandbox_takes_no_setting_of_another_tenant() -> None:
    NO_TENANT.check_sandbox()
    with pytest.raises(ConfigurationError, match=r"cannot be combined with --header, --ca-file\."):
        TenantOptions({"headers": ["X=env:Y"], "ca_file": "ca.pem"}, sandbox=True).check_sandbox()
