"""`oneroster schemathesis`: write the document of a profile and a configuration for ``schemathesis run``."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from oneroster.cli import USAGE
from oneroster.cli._command_class import command_class, fail
from oneroster.cli._command_list import COMMANDS
from oneroster.errors import ConfigurationError
from oneroster.standard import DEFAULT, Standard

HELP = f"""{COMMANDS["schemathesis"].summary}

Only valid reads are sent; the configuration says how to send writes as well. A failure quotes the beginning of a
response, which may hold personal data. `oneroster check` tests more than schemathesis can, and shows no values.

Exit status: 0 success, 2 wrong usage.

Examples:

- `oneroster schemathesis contract` writes `contract/openapi.json` and `contract/schemathesis.toml`, and prints the
  command that uses them

- `oneroster schemathesis contract --profile kimono` does so for the dialect of Kimono Cloud

- `oneroster schemathesis contract --standard {Standard.versions()[-1]}` does so for all services of that version
"""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to write to, created if necessary.")]
Profile = Annotated[str, typer.Option(metavar="NAME", help="The dialect.")]
Version = Annotated[
    str, typer.Option(metavar="VERSION", help=f"Version of OneRoster: {' or '.join(Standard.versions())}.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("schemathesis", help=HELP, cls=command_class(details={"profile": _profile_names}))(schemathesis)


def _profile_names() -> str:
    names = {name for version in Standard.versions() for name in Standard.of(version).specification.profiles}
    return f"Names: {', '.join(sorted(names))}."


def schemathesis(folder: Folder, profile: Profile = "standard", standard: Version = DEFAULT) -> None:
    """Write the files, and print the command that uses them."""
    from oneroster.contract.fuzzing.schemathesis_files import write_schemathesis_files

    try:
        known = Standard.of(standard)
        files = write_schemathesis_files(folder, profile, known)
    except ConfigurationError as error:
        fail("schemathesis", str(error), USAGE)
    except OSError as error:
        fail("schemathesis", f"cannot write {error.filename}: {error.strerror}", USAGE)
    base_paths = list(known.specification.services.values())
    base_path = base_paths[0] if len(base_paths) == 1 else ""
    typer.echo(f"schemathesis --config-file {quote(str(files.configuration))} run {quote(str(files.document))} \\")
    typer.echo(f"  --mode positive --url https://sis.example{base_path} \\")
    typer.echo('  --header "Authorization: Bearer $ONEROSTER_TOKEN"')
