"""The project's own environment, made on first use, so that every script runs from a fresh clone with stock Python."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
STAMP = HOME / "oneroster-kit.stamp"
OLDEST = (3, 11)


def python() -> Path:
    """Return the interpreter of the project's environment."""
    return HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wanted() -> str:
    """Return a digest of what the environment is made from: the project's requirements and the pinned versions."""
    requirements = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return hashlib.sha256(requirements).hexdigest()


def has_pip() -> bool:
    """Return whether the environment was made whole: it may have been interrupted between Python and pip."""
    command = [str(python()), "-m", "pip", "--version"]
    return python().exists() and subprocess.run(command, capture_output=True, check=False).returncode == 0


def install() -> None:
    """Make the environment, or bring it up to date, and stamp it."""
    if not has_pip():
        print(f"Making {HOME.name} with Python {sys.version_info.major}.{sys.version_info.minor} ...", file=sys.stderr)
        venv.create(HOME, with_pip=True)
    print("Installing oneroster-kit with all extras (once, a minute or two) ...", file=sys.stderr, flush=True)
    command = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    outcome = subprocess.run([*command, "-c", "constraints.txt", "-e", ".[all,bench,dev,docs]"], cwd=ROOT, check=False)
    if outcome.returncode:
        sys.exit("The packages could not be installed; pip says why above. Run the command again once that is mended.")
    STAMP.write_text(wanted(), encoding="utf-8")


def say_interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one line for Ctrl-C in place of a traceback."""
    if issubclass(kind, KeyboardInterrupt):
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def ensure() -> None:
    """Return inside the project's environment; outside it, make it and start the running script again there."""
    sys.excepthook = say_interrupted
    if sys.version_info < OLDEST:
        sys.exit(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.")
    ready = STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted()
    if not ready:
        install()
    if Path(sys.prefix).resolve() != HOME.resolve():
        os.execv(python(), [str(python()), *sys.argv])


def command(name: str) -> str:
    """Return the path of a command that the environment installed, such as `ruff`."""
    return str(python().with_name(f"{name}.exe" if os.name == "nt" else name))
