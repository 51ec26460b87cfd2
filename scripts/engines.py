"""The tests with engines: Spark and dlt, in the project's environment with the extra packages that they need."""

import shutil
import subprocess
import sys

import environment
import steps

STAMP = environment.HOME / "oneroster-engines.stamp"
JAVA = "openjdk-17-jre-headless"


def install() -> None:
    """Add the packages of the engines to the environment."""
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == environment.wanted():
        return
    print("Installing Spark and dlt (once, a minute or two) ...", file=sys.stderr, flush=True)
    command = [str(environment.python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    outcome = subprocess.run(
        [*command, "-c", "constraints.txt", "-e", ".[spark,dlt,dev-engines]"], cwd=environment.ROOT, check=False
    )
    if outcome.returncode:
        sys.exit("The packages of the engines could not be installed; pip says why above.")
    STAMP.write_text(environment.wanted(), encoding="utf-8")


def run(*arguments: str) -> int:
    """Run the tests in one process, because all share one Spark session; return the exit status."""
    if shutil.which("java") is None:
        sys.exit(f"Spark needs Java 17 or newer. Install it, on Debian by: apt-get install {JAVA}")
    install()
    step = steps.run("pytest", "-n", "0", "--engines", "tests/engines", *arguments)
    print(step.title)
    return step.status
