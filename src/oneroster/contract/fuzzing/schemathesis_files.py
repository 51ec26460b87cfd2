"""The files with which ``schemathesis run`` tests a server: the document of a profile, and the configuration."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from oneroster.atomic_files import write_atomically
from oneroster.standard import Standard

__all__ = ["SchemathesisFiles", "write_schemathesis_files"]

DOCUMENT: Final = "openapi.json"
CONFIGURATION: Final = "schemathesis.toml"
SERVER: Final = "https://{host}"
HOOKS: Final = "oneroster.contract.fuzzing.schemathesis_hooks"
_TEXT: Final = f"""# Configuration of schemathesis for a OneRoster server, written by `oneroster schemathesis`.

# Generates valid filters, sorts and fields, bounds pages, and sends one bearer token.
hooks = "{HOOKS}"

continue-on-failure = true

# Responses hold personal data. No report is written unless you ask for it, and nothing is kept for the next run; a
# failure still quotes the beginning of a response on the terminal.
cache.enabled = false
output.truncation.max-payload-size = 256

[generation]
# Only valid requests. The default of the option --mode takes precedence over this line, so that it must be given too.
# `--mode all` sends invalid ones as well and expects that they are refused. The standard hardly says how, so a server
# may be right to accept some; `oneroster check --negative` tells these apart.
mode = "positive"
database = "none"
allow-extra-parameters = false
no-shrink = true
max-examples = 10

[phases.coverage]
# Without this line, writes are sent to paths that have no such operation.
unexpected-methods = []

[phases.stateful]
# Links of the document lead from collections to the reads of their records; no others are guessed.
inference.algorithms = []
link-calibration = false

[[operations]]
# Writes change the data of the tenant. To test them on a tenant of your own, remove these two lines.
include-method = ["PUT", "POST", "DELETE"]
enabled = false
"""


class SchemathesisFiles(NamedTuple):
    """The files written."""

    document: Path
    configuration: Path


def write_schemathesis_files(folder: Path, profile: str, standard: Standard) -> SchemathesisFiles:
    """Write the document of a profile, and the configuration.

    One base URL stands for all services of a version: where they are several, the paths begin with their base paths.

    Args:
        folder: The folder, created if necessary.
        profile: The name of a profile.
        standard: The version of the standard.

    Raises:
        ConfigurationError: The profile is unknown.
        OSError: A file cannot be written.
    """
    document = standard.profile_document(profile)
    if len(standard.specification.services) > 1:
        _put_base_paths_into_paths(document, standard)
    files = SchemathesisFiles(folder / DOCUMENT, folder / CONFIGURATION)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(files.document, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())
    write_atomically(files.configuration, _TEXT.encode())
    return files


def _put_base_paths_into_paths(document: dict[str, Any], standard: Standard) -> None:
    base_paths = {one.path: standard.base_path(one) for one in standard.specification.operations.values()}
    document["paths"] = {base_paths[path] + path: item for path, item in document["paths"].items()}
    (server, *_), url = document["servers"], {"url": SERVER, "description": "A tenant, with all of its services."}
    document["servers"] = [_of_no_service(server) | url]
    document["tags"] = [_of_no_service(tag) for tag in document["tags"]]


def _of_no_service(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in ("x-oneroster-service", "x-oneroster-discovery")}
