"""The rules, one module for each family or a part of it; importing this package registers them all."""

from oneroster.contract.rules import access, engine, envelope, links, paging, references, schema, semantics, singles

__all__ = ["access", "engine", "envelope", "links", "paging", "references", "schema", "semantics", "singles"]
