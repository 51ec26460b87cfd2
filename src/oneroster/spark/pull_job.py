"""`pull`: the rosters of many tenants, pulled by the tasks of a Spark job."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa

from oneroster.errors import ConfigurationError
from oneroster.pull.fetch.rate_limit import RateLimit
from oneroster.pull.options import PullOptions
from oneroster.pull.store_location import is_store_uri
from oneroster.pull.tenant import Tenant
from oneroster.pull.tenant_pull import check_tenant_name, pull_tenant
from oneroster.spark.groups import groups
from oneroster.spark.outcome_rows import as_batch, outcome_schema
from oneroster.spark.tenant_list import hosts_of

__all__ = ["pull"]

_DEFAULT_OPTIONS: Final = PullOptions()
_SPECULATION: Final = "spark.speculation"


def pull(
    spark: Any,
    tenants: Sequence[Tenant],
    to: str | Path,
    *,
    since: str | None = None,
    rate: float | None = None,
    host_rate: float | None = None,
    at_once: int = 8,
    run_id: str | None = None,
    sizes: Mapping[str, int] | None = None,
    options: PullOptions = _DEFAULT_OPTIONS,
) -> Any:
    """Pull the rosters of many tenants in one Spark job, which has ended when this function returns.

    A tenant is pulled in one task, by `oneroster.pull.pull_tenant`: whole, checked, and atomically. A tenant that fails
    keeps the roster it had, and becomes a row with an error; it does not fail the job.

    Args:
        spark: The Spark session.
        tenants: The tenants, each once; see `tenants`.
        to: The folder for the destinations, which all executors and later readers can reach. A relative path is one of
            the driver.
        since: ``last`` for the changes since the roster in place, or a time; None for whole rosters.
        rate: The maximum number of requests per second to each tenant.
        host_rate: The maximum number of requests per second to each host, for vendors with many tenants on one host.
            All tenants of a host are then in one task.
        at_once: The number of tenants that a task pulls at once. Tasks wait for servers most of the time.
        run_id: The name of this run; None for a new one. A task that Spark repeats, and a job that is repeated under
            the same name, skip the tenants that are already written.
        sizes: The rows of tenants in an earlier pull, by name; the largest tenants are started first.
        options: Further options of each pull. The default format is Parquet.

    Returns:
        A DataFrame with a row per tenant, see `outcome_schema`. It is computed, so using it pulls nothing again.

    Raises:
        ConfigurationError: A tenant is given twice, there are none, or the session runs tasks twice at once
            (speculation).
    """
    _check(spark, tenants)
    from pyspark.sql.pandas.types import from_arrow_schema

    job = _Job(
        groups(
            tenants,
            at_once=at_once,
            tasks=_tasks_at_once(spark),
            sizes=sizes,
            hosts=None if host_rate is None else hosts_of(tenants),
        ),
        str(to) if is_store_uri(to) else str(Path(to).absolute()),
        options._replace(
            since=options.since if since is None else since,
            rate=options.rate if rate is None else rate,
            run_id=run_id or options.run_id or uuid4().hex,
        ),
        host_rate,
        at_once,
    )
    number = len(job.groups)
    tasks = spark.range(0, number, 1, number)
    outcomes = tasks.mapInArrow(_function(job), from_arrow_schema(outcome_schema())).toArrow()
    return spark.createDataFrame(outcomes.cast(outcome_schema()))


@dataclass(frozen=True)
class _Job:
    """What each task is given; it can be pickled, and holds no secret."""

    groups: Sequence[Sequence[Tenant]]
    to: str
    options: PullOptions
    host_rate: float | None
    at_once: int

    def run(self, number: int) -> Iterator[pa.RecordBatch]:
        """Pull the tenants of a task, and yield a row for each once it has ended."""
        group, options = self.groups[number], self.options
        limits: dict[str, RateLimit] = {}
        hosts = {} if self.host_rate is None else hosts_of(group)
        for host in hosts.values():
            limits.setdefault(host, RateLimit(self.host_rate or 0))
        with ThreadPoolExecutor(self.at_once, "oneroster-tenant") as pool:
            pulls = [
                pool.submit(
                    pull_tenant, tenant, self.to, options._replace(shared_rate=limits.get(hosts.get(tenant.name, "")))
                )
                for tenant in group
            ]
            try:
                for done in as_completed(pulls):
                    yield as_batch([done.result()])
            except BaseException:
                # Spark ends a task by closing its generator.
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _function(job: _Job) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    # A function inside a function, which is pickled as a whole; Spark takes no other callable.
    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from job.run(number)

    return run


def _check(spark: Any, tenants: Sequence[Tenant]) -> None:
    if not tenants:
        raise ConfigurationError("There are no tenants to pull.")
    names = [check_tenant_name(tenant.name) for tenant in tenants]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"Tenants given more than once: {', '.join(repeated)}.")
    if str(spark.conf.get(_SPECULATION, "false")).lower() == "true":
        raise ConfigurationError(
            f"{_SPECULATION} is on: a tenant would be pulled by two tasks at once, with twice the rate. Turn it off for"
            " this session."
        )


def _tasks_at_once(spark: Any) -> int:
    """Return the number of tasks that the cluster runs at once, as far as it says."""
    try:
        return max(1, int(spark.sparkContext.defaultParallelism))
    except Exception:  # Spark Connect has no context, and its error depends on the release
        return max(1, int(spark.conf.get("spark.sql.shuffle.partitions", "200")))
