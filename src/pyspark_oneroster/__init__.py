"""What Spark looks for: modules named ``pyspark_*`` define data sources that need no registration."""

from oneroster.spark.data_source import OneRosterDataSource as DefaultSource

__all__ = ["DefaultSource"]
