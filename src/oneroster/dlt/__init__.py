"""A source of dlt: the collections of one tenant, for the destinations that dlt knows.

::

    import dlt
    from oneroster.dlt import oneroster

    pipeline = dlt.pipeline("springfield", destination="snowflake", dataset_name="roster_springfield")
    pipeline.run(oneroster("springfield"))

The package needs the extra ``dlt``. For thousands of tenants, see `oneroster.spark`.
"""

from typing import TYPE_CHECKING, Any

from oneroster.extras import import_with_extra

if TYPE_CHECKING:
    from oneroster.dlt.source import SharedDatasetWarning, oneroster

__all__ = ["SharedDatasetWarning", "oneroster"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that listing the package does not load dlt.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_with_extra(f"{__name__}.source", "dlt"), name)
