"""Pull the rosters of thousands of tenants on a Spark cluster, or read one collection of all of them.

::

    from oneroster.spark import pull, tenants

    night = pull(spark, tenants("oneroster.toml"), to="/Volumes/k12/rosters", since="last", rate=2)
    night.write.mode("append").saveAsTable("k12.oneroster_pulls")

    users = spark.read.format("oneroster").option("tenants", "oneroster.toml").load("users")

The package needs the extra ``spark``, and the pyspark of the cluster: 4.0 or newer.
"""

from typing import TYPE_CHECKING, Any

from oneroster.extras import import_with_extra

if TYPE_CHECKING:
    from oneroster.spark.outcome_rows import outcome_schema
    from oneroster.spark.pull_job import pull
    from oneroster.spark.tenant_list import tenants

__all__ = ["outcome_schema", "pull", "tenants"]

_MODULES = {"outcome_schema": "outcome_rows", "pull": "pull_job", "tenants": "tenant_list"}


def __getattr__(name: str) -> Any:
    # Imported on first use, so that listing the package loads neither Arrow nor pyspark.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_with_extra(f"{__name__}.{_MODULES[name]}", "spark"), name)
