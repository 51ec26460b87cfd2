"""Object stores for tests: moto's S3 server on loopback, a folder of this machine, and a filesystem of fsspec."""

import logging
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyarrow import fs

from oneroster.pull import Roster, StoreLocation, open_destination

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "a-key-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret-key",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class ObjectStore(NamedTuple):
    """A store.

    Attributes:
        uri: The beginning of its URIs, or of its paths.
        query: Their end.
        filesystem: The filesystem to give to `pull`; None where the URI tells it.
    """

    uri: str
    query: str = ""
    filesystem: Any = None

    def place(self, name: str) -> str:
        return f"{self.uri}/{name}{self.query}"

    def location(self, name: str) -> StoreLocation:
        place = self.place(name)
        return StoreLocation.from_uri(place) if self.filesystem is None else StoreLocation(place, self.filesystem)

    def open(self, name: str) -> Roster:
        return open_destination(self.place(name), filesystem=self.filesystem)


@contextmanager
def s3_server() -> Iterator[ObjectStore]:
    """Serve S3 on loopback for the duration of the block."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/lake", method="PUT")).close()
        yield ObjectStore("s3://lake/k12", f"?endpoint_override={host}:{port}&scheme=http&region=us-east-1")
    finally:
        server.stop()


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[ObjectStore]:
    """Provide a store of a kind: ``s3``, ``file``, ``pyarrow`` or ``fsspec``."""
    if kind == "s3":
        with pytest.MonkeyPatch.context() as patch, s3_server() as store:
            for name, value in CREDENTIALS.items():
                patch.setenv(name, value)
            yield store
    elif kind == "file":
        yield ObjectStore(folder.as_uri())
    elif kind == "pyarrow":
        yield ObjectStore(folder.as_posix(), filesystem=fs.LocalFileSystem())
    else:
        import fsspec

        yield ObjectStore("k12", filesystem=fsspec.filesystem("memory"))
