"""The public names of the package: lazy, complete, and cheap to import."""

import ast
import subprocess
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

import oneroster
import oneroster_v1p1
from oneroster import errors


@pytest.mark.parametrize("name", oneroster.__all__)
def test_every_public_name_exists(name: str) -> None:
    found = getattr(oneroster, name)
    assert found is getattr(oneroster, name)
    assert name in dir(oneroster)
    if name != "F":
        assert found.__name__ == name
        assert found.__doc__


def test_the_names_are_sorted_and_known_to_type_checkers() -> None:
    assert sorted(oneroster.__all__) == oneroster.__all__
    tree = ast.parse(Path(oneroster.__file__).read_text(encoding="utf-8"))
    (checking,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = [alias.name for node in checking.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(imported) == oneroster.__all__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'OneRooster'"):
        _ = oneroster.OneRooster


def test_every_public_error_is_in_the_one_tree() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, errors.OneRosterError)
        assert name in (errors.__doc__ or "") or issubclass(kind, errors.FieldError)
        # A caller that catches any of them needs no other module.
        assert getattr(oneroster, name) is kind


def test_importing_the_package_loads_no_other_module_of_it() -> None:
    script = "import sys, oneroster; print([name for name in sys.modules if name.startswith('oneroster')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['oneroster']\n"


def test_the_versions_of_kit_and_contract_are_attributes() -> None:
    assert oneroster.__version__ == version("oneroster-kit")
    document = Path(oneroster_v1p1.__file__ or "").with_name("openapi.json").read_bytes()
    contract = oneroster_v1p1.specification().contract_version
    assert oneroster_v1p1.__version__ == f"{contract}+{sha256(document).hexdigest()[:12]}"


def test_python_m_oneroster_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "oneroster", "--version"], capture_output=True, text=True, check=True)
    assert f"oneroster-kit {oneroster.__version__}\n" in done.stdout
    assert f"OneRoster 1.1, contract {oneroster_v1p1.__version__}\n" in done.stdout
