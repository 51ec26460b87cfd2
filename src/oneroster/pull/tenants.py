"""Pull the rosters of many tenants concurrently, each to a separate destination."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from oneroster.errors import ConfigurationError
from oneroster.pull.job import pull
from oneroster.pull.options import PullOptions
from oneroster.pull.progress import Progress
from oneroster.pull.report import PullReport
from oneroster.pull.store_location import is_store_uri
from oneroster.pull.tenant import open_tenant
from oneroster.pull.tenant_pull import DEFAULT_FORMAT, check_tenant_name, tenant_destination
from oneroster.settings import read_tenants

if TYPE_CHECKING:
    from oneroster.base_client import SyncClient

__all__ = ["pull_tenants", "tenant_names"]


def tenant_names(config: Path) -> tuple[str, ...]:
    """Return the tenants of a configuration file, in its order; see `oneroster.settings`.

    Raises:
        ConfigurationError: The file cannot be read, or names no tenant.
    """
    tenants = read_tenants(config)
    if not tenants:
        raise ConfigurationError(f"{config} has no [tenants.NAME] table.")
    for name in tenants:
        check_tenant_name(name, f"{config}: ")
    return tuple(tenants)


def pull_tenants(
    config: str | Path,
    to: str | Path,
    options: PullOptions,
    progress: Callable[[str], Progress] = lambda _tenant: Progress(),
    max_tenants: int = 4,
) -> Mapping[str, PullReport | Exception]:
    """Pull the rosters of all tenants of a configuration file.

    Args:
        config: The configuration file.
        to: The folder for the destinations, created if needed, or the URI of one on an object store; each destination
            is named after its tenant.
        options: The options of each pull. The default format is Parquet.
        progress: Return the progress callbacks of a tenant.
        max_tenants: The maximum number of concurrent tenants.

    Returns:
        The report of each tenant, or its error. The failure of one tenant does not affect the others.

    Raises:
        ConfigurationError: The file cannot be read, or names no tenant.
        OSError: The folder cannot be created.
    """
    config = Path(config)
    names = tenant_names(config)
    if not is_store_uri(to):
        Path(to).mkdir(mode=0o700, parents=True, exist_ok=True)
    options = options._replace(format=options.format or DEFAULT_FORMAT)

    clients: dict[str, SyncClient] = {}

    def pull_tenant(name: str) -> PullReport | Exception:
        try:
            clients[name] = open_tenant({}, name, config)
            with clients[name] as client:
                return pull(client, tenant_destination(to, name, options), options, progress(name))
        except Exception as error:  # one tenant's failure, of any kind, must not end the other pulls
            return error

    with ThreadPoolExecutor(max_tenants, "oneroster-tenant") as pool:
        try:
            return dict(zip(names, pool.map(pull_tenant, names), strict=True))
        except BaseException:
            # After an interrupt, do not wait for all tenants.
            pool.shutdown(wait=False, cancel_futures=True)
            for client in list(clients.values()):
                client.close()
            raise
