"""Tests with Spark and dlt, which `scripts/test --engines` runs: they need their packages, and Spark needs Java."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pull.object_stores import CREDENTIALS

ROOT = Path(__file__).resolve().parents[2]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave out this folder unless it is asked for."""
    return None if config.option.engines else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the engines warn: their warnings are about themselves."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of Spark's event log."""
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def spark(event_log: Path) -> Iterator[Any]:
    """Yield the one session of all tests: two cores, and four attempts of a task."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # Workers import what tests define.
    os.environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / name) for name in ("", "src", "generated"))
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": event_log.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.sql.warehouse.dir": str(event_log.parent / "warehouse"),
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
    }
    # Executors get the credentials of a store from their environment.
    settings |= {f"spark.executorEnv.{name}": value for name, value in CREDENTIALS.items()}
    builder = SparkSession.builder.master("local[2,4]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
