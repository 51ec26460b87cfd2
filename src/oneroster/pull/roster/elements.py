"""The elements of a specification that have a collection: their names and their load order."""

from collections.abc import Iterable
from functools import cache

from oneroster_runtime.specification import Specification

__all__ = ["collection_name", "in_load_order"]


@cache
def collection_name(specification: Specification, element: str) -> str:
    """Return the wrapper name of an element's collection, as in ``users`` for ``User``."""
    return specification.operations[specification.elements[element].collection or ""].wrapper or ""


def in_load_order(specification: Specification, elements: Iterable[str]) -> tuple[str, ...]:
    """Return elements in load order: each after the elements that it references, except itself."""
    wanted = set(elements)
    return tuple(element for element in _load_order(specification) if element in wanted)


@cache
def _load_order(specification: Specification) -> tuple[str, ...]:
    order: list[str] = []

    def visit(element: str) -> None:
        if element in order:
            return
        for known in specification.elements[element].properties.values():
            if known.refers_to not in (None, element):
                visit(known.refers_to or "")
        order.append(element)

    for name, element in specification.elements.items():
        if element.collection is not None:
            visit(name)
    return tuple(order)
