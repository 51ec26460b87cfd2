"""`schemathesis run` with the files of `oneroster schemathesis` finds nothing on the sandbox, and faults on others."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from oneroster.contract.fuzzing.schemathesis_document import prepare_document
from oneroster.contract.fuzzing.schemathesis_files import write_schemathesis_files
from oneroster.errors import ConfigurationError
from oneroster.sandbox import Sandbox
from oneroster.standard import Standard
from tests.patience import PATIENCE

FEW = ("getAllTerms", "getTerm")
SEED = "1"


def run(
    tenant: Sandbox, folder: Path, profile: str, *options: str, standard: str = "1.1", mode: str = "positive"
) -> subprocess.CompletedProcess[str]:
    """Run the command that `oneroster schemathesis` prints."""
    files = write_schemathesis_files(folder, profile, Standard.of(standard))
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(files.configuration), "run"]
    url = tenant.base_url if standard == "1.1" else "/".join(tenant.base_url.split("/")[:3])
    words = [str(files.document), "--mode", mode, "--url", url, "--seed", SEED, "--no-color"]
    words += ["--header", f"Authorization: Bearer {tenant.token}"]
    # The repository's own configuration of Python would load plugins.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [*program, *words, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20 * PATIENCE,
        check=False,
    )


def only(*names: str) -> list[str]:
    return [word for name in names for word in ("--include-operation-id", name)]


def test_it_has_no_false_alarm_on_the_sandbox(tmp_path: Path) -> None:
    """Neither with valid requests, to which an empty sort belongs, nor with invalid ones."""
    with Sandbox() as tenant:
        done = run(tenant, tmp_path, "standard", *only(*FEW), "--max-examples", "2", mode="all")
    assert done.returncode == 0, done.stdout
    assert "Stateful" in done.stdout
    assert "failures" not in done.stdout


def test_it_finds_a_fault_of_the_sandbox(tmp_path: Path) -> None:
    with Sandbox(faults=["missing-required"]) as tenant:
        done = run(tenant, tmp_path, "standard", *only("getAllClasses"), "--phases", "coverage")
    assert done.returncode == 1, done.stdout
    assert "Response violates schema" in done.stdout


@pytest.mark.only_with_all
@pytest.mark.parametrize("mode", ["positive", "all"])
@pytest.mark.parametrize(
    ("standard", "profile"),
    [(version, profile) for version in ("1.1", "1.2") for profile in Standard.of(version).specification.profiles],
)
def test_it_has_no_false_alarm_with_any_operation_of_a_profile(
    standard: str, profile: str, mode: str, tmp_path: Path
) -> None:
    with Sandbox(profile=profile, standard=Standard.of(standard)) as tenant:
        done = run(tenant, tmp_path, profile, standard=standard, mode=mode)
    assert done.returncode == 0, done.stdout


def test_one_url_is_enough_for_all_services_of_a_version(tmp_path: Path) -> None:
    standard = Standard.of("1.2")
    written = json.loads(write_schemathesis_files(tmp_path, "standard", standard).document.read_text("utf-8"))
    assert list(OpenAPIV31SpecValidator(written).iter_errors()) == []
    operations = {each["operationId"]: path for path, item in written["paths"].items() for each in item.values()}
    assert operations == {
        name: standard.base_path(each) + each.path for name, each in standard.specification.operations.items()
    }
    assert [each["url"] for each in written["servers"]] == ["https://{host}"]
    prepare_document(written)
    assert next(iter(written["paths"].values()))["get"]["security"] == [{"token": []}]


def test_unknown_profiles_are_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown profile 'x'; known profiles: standard, "):
        write_schemathesis_files(tmp_path, "x", Standard.of())
    assert not list(tmp_path.iterdir())


def test_the_configuration_sends_no_writes_and_keeps_nothing(tmp_path: Path) -> None:
    text = write_schemathesis_files(tmp_path / "new", "standard", Standard.of()).configuration.read_text("utf-8")
    for line in ("unexpected-methods = []", "cache.enabled = false"):
        assert line in text
    (left_out,) = tomllib.loads(text)["operations"]
    methods = {
        one.method for version in Standard.versions() for one in Standard.of(version).specification.operations.values()
    }
    assert left_out == {"include-method": left_out["include-method"], "enabled": False}
    assert {"GET", *left_out["include-method"]} == methods
