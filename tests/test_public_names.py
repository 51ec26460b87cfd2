"""The public names of the package: lazy, complete, and cheap to import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import oneroster
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


def test_importing_the_package_loads_no_other_module_of_it() -> None:
    script = "import sys, oneroster; print([name for name in sys.modules if name.startswith('oneroster')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['oneroster']\n"
