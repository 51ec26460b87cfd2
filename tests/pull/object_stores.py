"""Object stores for tests: servers of S3, of Google and of Azure on loopback, a folder, and a filesystem of fsspec."""

import logging
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyarrow import fs

from oneroster.pull import Roster, StoreLocation, open_destination
from tests.own_environment import run

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "a-key-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret-key",
    "AWS_EC2_METADATA_DISABLED": "true",
}


AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The published account of the emulator, the same on every machine."""


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


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until a port of loopback accepts connections."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


@contextmanager
def google_server() -> Iterator[ObjectStore]:
    """Serve Google Cloud Storage on loopback for the duration of the block."""
    from gcp_storage_emulator.server import create_server

    logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)
    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket="lake")
    server.start()
    try:
        store = fs.GcsFileSystem(
            anonymous=True,
            scheme="http",
            endpoint_override=f"127.0.0.1:{port}",
            retry_time_limit=timedelta(seconds=30),
        )
        yield ObjectStore("lake/k12", filesystem=store)
    finally:
        server.stop()


@contextmanager
def azure_server(folder: Path) -> Iterator[ObjectStore]:
    """Serve Azure Blob Storage on loopback for the duration of the block, by Microsoft's emulator."""
    run(["npm", "install", "--silent", "--prefix", folder, "azurite"])
    port = free_port()
    address = f"127.0.0.1:{port}"
    command: list[str | Path] = [
        folder / "node_modules" / ".bin" / "azurite-blob",
        "--inMemoryPersistence",
        "--skipApiVersionCheck",
    ]
    options = ["--silent", "--disableTelemetry", "--blobPort", str(port)]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            store = fs.AzureFileSystem(
                AZURITE_ACCOUNT,
                account_key=AZURITE_KEY,
                blob_storage_authority=address,
                dfs_storage_authority=address,
                blob_storage_scheme="http",
                dfs_storage_scheme="http",
            )
            store.create_dir("lake")
            yield ObjectStore("lake/k12", filesystem=store)
        finally:
            process.terminate()


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[ObjectStore]:
    """Provide a store of a kind: ``s3``, ``google``, ``azure``, ``file``, ``pyarrow`` or ``fsspec``."""
    if kind == "s3":
        with pytest.MonkeyPatch.context() as patch, s3_server() as store:
            for name, value in CREDENTIALS.items():
                patch.setenv(name, value)
            yield store
    elif kind == "google":
        with google_server() as store:
            yield store
    elif kind == "azure":
        with azure_server(folder) as store:
            yield store
    elif kind == "file":
        yield ObjectStore(folder.as_uri())
    elif kind == "pyarrow":
        yield ObjectStore(folder.as_posix(), filesystem=fs.LocalFileSystem())
    else:
        import fsspec

        yield ObjectStore("k12", filesystem=fsspec.filesystem("memory"))
