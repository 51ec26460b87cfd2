"""When a base URL is given, collect only the rules, because the other tests here are not about a tenant."""

from pathlib import Path

import pytest

from oneroster.contract.pytest_plugin import target_from
from tests.explained import every_report_is_explained

__all__ = ["every_report_is_explained", "pytest_ignore_collect"]

RULES_FOR_ANY_TENANT = "test_contract.py"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    other = collection_path.name.startswith("test_") and collection_path.name != RULES_FOR_ANY_TENANT
    return True if other and target_from(config) is not None else None
