"""The optional libraries and the extras that install them, and what to say where one is missing."""

from importlib import import_module
from types import ModuleType
from typing import Final

__all__ = ["CHECK_LIBRARIES", "PULL_LIBRARIES", "how_to_install", "import_with_extra", "missing_library"]

PULL_LIBRARIES: Final = ("pyarrow", "duckdb")
"""The libraries that only the extra `pull` installs."""
CHECK_LIBRARIES: Final = (
    "hypothesis",
    "jinja2",
    "jsonschema_rs",
    "junitparser",
    "oas_patch",
    "schemathesis",
    "starlette",
    "uvicorn",
    "yaml",
)
"""The libraries that only the extra `check` installs."""
_WITH_PULL: Final = {"dlt", "spark"}
"""The extras that include `pull`."""
_OF_THE_CLUSTER: Final = "pyspark"
"""The library that no extra installs."""


def import_with_extra(module: str, *extras: str) -> ModuleType:
    """Import a module that needs extras.

    Args:
        module: Its name.
        extras: The extras that it needs.

    Raises:
        ModuleNotFoundError: One of its libraries is missing; the message names the library and the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if _library_of(error) == _OF_THE_CLUSTER:
            raise
        raise ModuleNotFoundError(missing_library(error, *extras), name=error.name) from None


def missing_library(error: ModuleNotFoundError, *extras: str) -> str:
    """Return a message that names the missing library and the extra that installs it; see `how_to_install`.

    Raises:
        ModuleNotFoundError: A module of this project is missing: the installation is broken, and no extra fixes it.
    """
    library = _library_of(error)
    if library.startswith("oneroster"):
        raise error
    return how_to_install(library, *extras)


def how_to_install(library: str, *extras: str) -> str:
    """Return a message that names a library, and the extras to install.

    Args:
        library: The library that is missing.
        extras: The extras that are needed besides the one of this library; all if it is of several and none is given.
    """
    needed = {*extras, *(["pull"] if library in PULL_LIBRARIES else ["check"] if library in CHECK_LIBRARIES else [])}
    if needed & _WITH_PULL:
        needed.discard("pull")
    named = ",".join(sorted(needed)) or "all"
    return f'{library} is not installed; run pip install "oneroster-kit[{named}]"'


def _library_of(error: ModuleNotFoundError) -> str:
    return (error.name or "oneroster").partition(".")[0]
