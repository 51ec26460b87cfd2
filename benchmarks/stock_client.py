"""The client that openapi-python-client generates with its own templates, from this project's document.

`python -m benchmarks.stock_client FOLDER` generates it in a separate process: with the generator loaded, every garbage
collection would take longer and distort the measurement.
"""

import atexit
import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from benchmarks import ROOT

__all__ = ["Stock", "generated"]

_PACKAGE: Final = "stock_oneroster"


class Stock:
    """The generated stock package."""

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{_PACKAGE}{name}")

    def page_model(self, name: str) -> Any:
        """Return a model class."""
        return getattr(self._module(".models"), name)

    def client(self, base_url: str) -> Any:
        """Return a client with a token."""
        return self._module("").AuthenticatedClient(base_url=base_url, token="benchmark")  # noqa: S106 - not a secret

    def operation(self, tag: str, name: str) -> Any:
        """Return the module of an operation."""
        return self._module(f".api.{tag}.{name}")


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Generate the stock package, once in a process, in a folder that is removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="oneroster-bench-")
    paths = [str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "benchmarks.stock_client", str(Path(folder.name) / _PACKAGE)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    atexit.register(folder.cleanup)
    return folder


@contextlib.contextmanager
def generated() -> Iterator[Stock]:
    """Yield the stock package, which can be imported until the end of the block.

    Raises:
        subprocess.CalledProcessError: The generator rejected the document; the reason is on stderr.
    """
    folder = _folder().name
    sys.path.insert(0, folder)
    try:
        yield Stock()
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
            del sys.modules[name]


def main() -> None:
    """Generate the package in the folder given on the command line."""
    from openapi_python_client import Project
    from openapi_python_client.config import Config, ConfigFile, MetaType
    from openapi_python_client.parser import GeneratorData
    from openapi_python_client.parser.errors import GeneratorError

    from generation.document import read
    from generation.generator_input import generator_input
    from generation.package_model import read_package_model

    source, target = ROOT / "openapi.yaml", Path(sys.argv[1])
    package = read_package_model(read(source.read_text(encoding="utf-8")))
    settings = ConfigFile(package_name_override=_PACKAGE, post_hooks=[])
    config = Config.from_sources(settings, MetaType.NONE, source, "utf-8", overwrite=False, output_path=target)
    data = GeneratorData.from_dict(generator_input(package), config=config)
    errors = [data] if isinstance(data, GeneratorError) else Project(openapi=data, config=config).build()
    if errors:
        sys.exit(f"{errors[0].header} {errors[0].detail}")


if __name__ == "__main__":
    main()
