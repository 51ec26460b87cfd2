"""`Standard`: a version with its specification and its generated package, loaded when it is used."""

import subprocess
import sys
from typing import Any

import pytest

import oneroster_v1p1
from oneroster.errors import ConfigurationError
from oneroster.standard import Standard
from oneroster_v1p1 import facade, models, wire
from oneroster_v1p1.api.rostering import get_all_orgs


def test_a_version_has_one_instance() -> None:
    standard = Standard.of("1.1")
    assert standard is Standard.of() is Standard.from_package(oneroster_v1p1)
    assert standard.version == "1.1"
    assert standard.specification is oneroster_v1p1.specification()
    assert hash(standard) == hash(Standard.of())


def test_the_parts_are_those_of_the_package() -> None:
    standard = Standard.of()
    operation = standard.specification.operations["getAllOrgs"]
    found: list[Any] = [standard.models, standard.wire, standard.facade, standard.api(operation)]
    assert found == [models, wire, facade, get_all_orgs]
    assert standard.base_path(operation) == "/ims/oneroster/v1p1"
    assert standard.document() == oneroster_v1p1.document()
    assert standard.document() is not standard.document()


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"OneRoster '3.0' is not supported; supported versions: .*1\.1"):
        Standard.of("3.0")


def test_packages_are_loaded_when_they_are_used() -> None:
    code = """
import sys
from oneroster.standard import Standard
standard = Standard.of()
print("oneroster_v1p1" in sys.modules, "oneroster_runtime.specification" in sys.modules)
standard.specification
print("oneroster_v1p1.models" in sys.modules, "oneroster_runtime.specification" in sys.modules)
"""
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert outcome.stdout.split() == ["False", "False", "False", "True"]
