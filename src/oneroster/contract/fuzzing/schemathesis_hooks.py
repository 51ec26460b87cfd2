"""Hooks for ``schemathesis run``; the configuration of `oneroster schemathesis` names this module."""

from typing import Any

import schemathesis

from oneroster.contract.fuzzing.schemathesis_document import prepare_document

__all__ = ["before_load_schema"]


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Prepare a document of this package; other documents stay as they are."""
    if len(raw_schema.get("x-oneroster-profiles", ())) == 1:
        prepare_document(raw_schema)
