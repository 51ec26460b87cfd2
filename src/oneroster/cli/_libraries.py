"""The optional libraries of the commands, and what to say where one is missing. Typer may be the missing one."""

from typing import Final

__all__ = ["CHECK_LIBRARIES", "PULL_LIBRARIES", "how_to_install", "missing_library"]

PULL_LIBRARIES: Final = ("pyarrow", "duckdb")
"""The libraries that only the extra `pull` installs."""
CHECK_LIBRARIES: Final = (
    "hypothesis",
    "jinja2",
    "jsonschema_rs",
    "junitparser",
    "oas_patch",
    "platformdirs",
    "schemathesis",
    "starlette",
    "uvicorn",
    "yaml",
)
"""The libraries that only the extra `check` installs."""


def missing_library(error: ModuleNotFoundError) -> str:
    """Return a message that names the missing library and the extra that installs it.

    Raises:
        ModuleNotFoundError: A module of this project is missing: the installation is broken, and no extra fixes it.
    """
    library = (error.name or "oneroster").partition(".")[0]
    if library.startswith("oneroster"):
        raise error
    return how_to_install(library)


def how_to_install(library: str) -> str:
    """Return a message that names a library and the extra that installs it."""
    extra = "pull" if library in PULL_LIBRARIES else "check"
    return f'{library} is not installed; run pip install "oneroster-kit[{extra}]"'
