"""Many tenants of the sandbox, with faults, and the rosters that a plain pull makes of them."""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from oneroster.pull import RosterSelection
from oneroster.sandbox import MultiTenantSandbox
from oneroster.sandbox.faults import FAULTS

SMALL = RosterSelection(only=["orgs", "users"])

# Faults of a server that a pull copes with, or refuses; a few of each kind.
SAMPLE = ("wrong-total", "lost-row", "unavailable", "limit-clamped", "bare-array", "repeated-row", "offset-ignored")
SLOW = {"slow-drip", "hanging", "gateway-timeout"}
"""Faults whose point is how long a response takes."""
CHANGING = {"row-deleted", "row-inserted"}
"""Faults of tenants whose rows change while they are read, so that no two readings are equal."""

BAD = """
[tenants.nobody]
base_url = "http://127.0.0.1:9/ims/oneroster/v1p1"
token = { env = "PATH" }

[tenants.locked]
base_url = "BASE_URL"
token = { env = "PATH" }
"""
"""A server that does not exist, and a token that is refused."""


class Served(NamedTuple):
    """Tenants that are being served."""

    sandbox: MultiTenantSandbox
    config: Path
    requests: list[tuple[str, str]]

    @property
    def secrets(self) -> list[str]:
        return [tenant.token for tenant in self.sandbox.tenants.values()]


@contextmanager
def served(folder: Path, number: int, faults: Iterable[str] = (), *, bad: bool = False) -> Iterator[Served]:
    """Serve tenants, the first of them with a fault each."""
    requests: list[tuple[str, str]] = []
    by_tenant = {f"tenant-{index}": [fault] for index, fault in enumerate(faults, 1)}
    with MultiTenantSandbox(
        number, "40", faults=by_tenant, on_request=lambda name, path: requests.append((name, path))
    ) as sandbox:
        config = folder / "oneroster.toml"
        sandbox.write_config(config)
        if bad:
            last = sandbox.tenants[f"tenant-{number}"]
            config.write_text(config.read_text() + BAD.replace("BASE_URL", last.base_url))
        yield Served(sandbox, config, requests)


def page_faults() -> list[str]:
    """Return the faults of pages and of transport that can be compared, `SAMPLE` first."""
    families = ("paging", "client.paging", "client.transport")
    found = (name for name, fault in FAULTS.items() if fault.family in families and name not in SLOW | CHANGING)
    return list(dict.fromkeys([*SAMPLE, *found]))


def rosters(folder: Path) -> dict[str, dict[str, pa.Table]]:
    """Return all rosters of a folder, by tenant and collection."""
    return {
        place.name.removesuffix(".parquet"): {
            path.stem: pq.read_table(path).sort_by("sourcedId") for path in sorted(place.glob("*.parquet"))
        }
        for place in sorted(folder.glob("*.parquet"))
    }


def die_once(marker: Path) -> None:
    """End this process, as if it ran out of memory, unless that has already happened."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


class DiesOnce:
    """Resolves the settings of tenants, and ends its process at one of them, once."""

    def __init__(self, marker: Path, at: str, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self._marker, self._at, self._settings = marker, at, settings

    def __call__(self, name: str) -> Mapping[str, Any]:
        if name == self._at:
            die_once(self._marker)
        return self._settings[name]


def secrets_in(folder: Path, secrets: Iterable[str]) -> list[Path]:
    """Return the files of a folder that hold any of the secrets."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]
