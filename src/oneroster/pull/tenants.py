"""Many tenants side by side: each to a place of its own, and none in the way of another."""

import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from oneroster.client import OneRoster
from oneroster.errors import ConfigurationError
from oneroster.pull.job import pull
from oneroster.pull.options import PullOptions
from oneroster.pull.progress import Progress
from oneroster.pull.report import PullReport

__all__ = ["names_of", "pull_tenants"]

_FORMAT: Final = "parquet"


def names_of(config: Path) -> tuple[str, ...]:
    """The tenants of a file, in its order; see `oneroster.settings`.

    Raises:
        ConfigurationError: It cannot be read, or names none.
    """
    try:
        tenants = tomllib.loads(config.read_text("utf-8")).get("tenants")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{config} cannot be read as TOML ({type(error).__name__}).") from None
    if not isinstance(tenants, dict) or not tenants:
        raise ConfigurationError(f"{config} has no [tenants.…] in it.")
    for name in tenants:
        # The name becomes that of a file.
        if not name or name.startswith(".") or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise ConfigurationError(f"{config}: {name!r} cannot name a place; use letters, digits, - and _.")
    return tuple(tenants)


def place_of(folder: Path, tenant: str, settings: PullOptions) -> Path:
    """Where the roster of a tenant goes."""
    name = settings.format or _FORMAT
    return folder / f"{tenant}.{'zip' if name == 'csv' else name}"


def pull_tenants(
    config: str | Path,
    to: str | Path,
    settings: PullOptions,
    progress: Callable[[str], Progress] = lambda _tenant: Progress(),
    at_once: int = 4,
) -> Mapping[str, PullReport | Exception]:
    """Pull the rosters of all tenants of a file.

    Args:
        config: The file of tenants.
        to: The folder for their places, made when absent; each is named after its tenant.
        settings: How each pull goes. Without a format it is Parquet.
        progress: Gives who is told about a tenant.
        at_once: Tenants at once, at most.

    Returns:
        By tenant its report, or what went wrong. What goes wrong with one does not touch the others.

    Raises:
        ConfigurationError: The file cannot be read, or names no tenant.
        OSError: The folder cannot be made.
    """
    config, folder = Path(config), Path(to)
    names = names_of(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = settings._replace(format=settings.format or _FORMAT)

    rosters = {name: OneRoster(tenant=name, config=config) for name in names}

    def one(name: str) -> PullReport | Exception:
        try:
            with rosters[name] as roster:
                return pull(roster, place_of(folder, name, settings), settings, progress(name))
        except Exception as error:  # whatever it is, the other tenants are not to suffer from it
            return error

    with ThreadPoolExecutor(at_once, "oneroster-tenant") as pool:
        try:
            return dict(zip(names, pool.map(one, names), strict=True))
        except BaseException:
            # Whoever interrupts does not wait for all the tenants.
            pool.shutdown(wait=False, cancel_futures=True)
            for roster in rosters.values():
                roster.close()
            raise
