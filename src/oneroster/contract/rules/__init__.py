"""The rules, one module for each family; importing this package registers them all."""

from oneroster.contract.rules import access, engine, envelope, paging, schema, semantics

__all__ = ["access", "engine", "envelope", "paging", "schema", "semantics"]
