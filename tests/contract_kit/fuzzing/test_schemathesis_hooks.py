"""The hooks change the documents of this package, and no others."""

from typing import Any

import pytest
import schemathesis

from oneroster.standard import Standard


@pytest.fixture
def hook() -> Any:
    """The hook; none is left registered, because the engine of the kit prepares its own documents."""
    from oneroster.contract.fuzzing.schemathesis_hooks import before_load_schema, filter_case

    for each in (before_load_schema, filter_case):
        schemathesis.hooks.unregister(each)
    return before_load_schema


def test_a_document_of_one_profile_is_prepared_and_others_stay_as_they_are(hook: Any) -> None:
    ours = Standard.of().profile_document("standard")
    hook(None, ours)
    assert ours != Standard.of().profile_document("standard")
    for other in (Standard.of().document(), {"openapi": "3.1.0", "paths": {}}):
        before = repr(other)
        hook(None, other)
        assert repr(other) == before
