"""With an address, only the rules run; what tries the kit and the client says nothing of a tenant."""

from pathlib import Path

import pytest

from oneroster.contract.pytest_plugin import target_of

RULES_FOR_ANY_TENANT = "test_contract.py"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    other = collection_path.name.startswith("test_") and collection_path.name != RULES_FOR_ANY_TENANT
    return True if other and target_of(config) is not None else None
