"""Emitting the package: the pinned generator with our templates, the tables, the pinned formatter."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.strings import ClassName

from generation import tables
from generation.document import Document, DocumentError, escape
from generation.facts import REFERENCE, Facts, gather, python_name
from generation.lower import lowered
from generation.wire import nested, paged, regular_field, wire_field

if TYPE_CHECKING:
    from oneroster_runtime.specification import Property

SCRIPTS = Path(__file__).resolve().parent.parent
TEMPLATES = SCRIPTS / "templates"
CONFIGURATION = SCRIPTS / "generator.yml"
# Templates hold for this version of the generator alone, and another formatter would write other bytes.
PINNED = {"openapi-python-client": "0.29.1", "ruff": "0.17.6"}
SHARED = ("calls", "facade", "fields", "quick", "reading", "record", "wire", "wrapping", "writing")
_RULES = ("I", "F401", "UP", "RUF022")
_TYPES = {
    "string": "str",
    "uri": "str",
    "date": "date",
    "date-time": "datetime",
    "boolean": "bool",
    "number": "float",
    "integer": "int",
    "object": "dict[str, Any]",
    "strings": "list[str]",
}


class ToolError(Exception):
    """A tool that generation needs is missing, of another version, or failed."""


def emit(document: Document, target: Path) -> Facts:
    """Write the package.

    Args:
        document: The document, read.
        target: The folder of the package; it must not exist.

    Raises:
        DocumentError: The document does not follow its conventions, or the generator cannot take it.
        ToolError: Generator or formatter are not the pinned ones, or failed.
    """
    for name, pin in PINNED.items():
        if version(name) != pin:
            raise ToolError(f"{name} {pin} is pinned and {version(name)} is installed; pip install {name}=={pin}")
    facts = gather(document)
    try:
        _generate(facts, target)
    except DocumentError:
        raise
    except Exception as error:
        # Whatever went wrong inside generator and templates, the maintainer needs the place and not a traceback.
        raise _located(facts, GeneratorError(header=type(error).__name__, detail=str(error))) from error
    _write(target / "tables.py", tables.source(facts))
    _write(target / "openapi.json", tables.document_text(facts))
    _write(target / "py.typed", tables.MARKER + "\n")
    _format(target)
    return facts


def _generate(facts: Facts, target: Path) -> None:
    """Run the generator, and render beside its files those that it does not know."""
    project = _project(facts, target)
    with contextlib.redirect_stdout(io.StringIO()):
        errors = project.build()
    if errors:
        raise _located(facts, errors[0])
    for name in SHARED:
        _write(target / f"{name}.py", project.env.get_template(f"{name}.py.jinja").render())


def _project(facts: Facts, target: Path) -> Project:
    config = Config.from_sources(
        ConfigFile.load_from_path(CONFIGURATION),
        MetaType.NONE,
        CONFIGURATION,
        "utf-8",
        overwrite=False,
        output_path=target,
    )
    data = GeneratorData.from_dict(lowered(facts, REFERENCE), config=config)
    if isinstance(data, GeneratorError):
        raise _located(facts, data)
    project = Project(openapi=data, config=config, custom_template_path=TEMPLATES)
    project.env.filters["nested_model"] = _nested_model
    project.env.globals.update(_globals(facts))
    return project


def _globals(facts: Facts) -> dict[str, Any]:
    """What our templates see beyond the variables of the generator."""
    return {
        "marker": tables.MARKER,
        "facts": facts,
        "endpoints": {python_name(name): endpoint for name, endpoint in facts.endpoints.items()},
        "tags": {
            python_name(tag["name"]): tag.get("description", tag["name"]) for tag in facts.document.data.get("tags", [])
        },
        "literal": repr,
        "module_name": python_name,
        "python_type": _python_type,
        "paged": paged(facts),
        "regular_field": regular_field,
        "wire_field": wire_field,
    }


def _nested_model(found: Property) -> str | None:
    name = nested(found)
    return None if name is None else str(ClassName(name, "field_"))


def _python_type(found: Property) -> str:
    """The annotation of a property."""
    if found.kind in _TYPES:
        kind = _TYPES[found.kind]
    elif found.enumeration:
        kind = f"{found.enumeration} | str"
    else:
        kind = _nested_model(found) or "Any"
    if found.kind in {"enumerations", "references", "records"}:
        kind = f"list[{kind}]"
    return kind if found.required else f"{kind} | None"


def _located(facts: Facts, error: GeneratorError) -> DocumentError:
    """An error of the generator, at the operation or the schema that it names."""
    said = " ".join(f"{error.header or ''} {error.detail or ''}".split())
    words = set(re.findall(r"\w+", said))
    named = [name for name in (*facts.models, *facts.enumerations) if name in words]
    pointer = f"/components/schemas/{escape(named[0])}" if named else ""
    for endpoint in facts.endpoints.values():
        operation = endpoint.operation
        if f"{operation.method} {operation.path} " in said or python_name(operation.operation_id) in words:
            pointer = f"/paths/{escape(operation.path)}/{operation.method.lower()}"
    return facts.document.error(pointer, f"the generator cannot take this: {said}")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _format(target: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--no-cache", "--target-version", "py311", "--line-length", "120"]
    for command in (["check", "--fix-only", "--select", ",".join(_RULES)], ["format"]):
        outcome = subprocess.run(
            [*ruff, *command, *options, target.name], cwd=target.parent, capture_output=True, text=True, check=False
        )
        if outcome.returncode:
            said = outcome.stderr.strip() or outcome.stdout.strip()
            raise ToolError(f"ruff {command[0]} failed with {outcome.returncode}: {said}")
