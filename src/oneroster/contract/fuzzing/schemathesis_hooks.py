"""Hooks for ``schemathesis run``; the configuration of `oneroster schemathesis` names this module."""

from typing import Any

import schemathesis

from oneroster.contract.fuzzing.schemathesis_document import is_within_bounds, prepare_document

__all__ = ["before_load_schema", "filter_case"]


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Prepare a document of this package; other documents stay as they are."""
    if len(raw_schema.get("x-oneroster-profiles", ())) == 1:
        prepare_document(raw_schema)


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: "schemathesis.Case[Any]") -> bool:
    """Send no limit or offset above the bounds of this kit: a server is right to accept them, and they cost much."""
    return is_within_bounds(case.query or {})
