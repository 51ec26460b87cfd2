"""The specification of a dialect: that of the document after an overlay has changed it, for one profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oneroster_runtime.specification import (
    Element,
    Operation,
    Property,
    Specification,
    SpecificationError,
    read_specification,
)
from oneroster_runtime.specification.schemas import escape

__all__ = ["DocumentError", "DocumentModel", "gather"]

DocumentError = SpecificationError


@dataclass(frozen=True, slots=True)
class DocumentModel:
    """The specification of a dialect, and its document.

    Attributes:
        document: The document that the overlay has changed.
        specification: The specification of that document, without properties of other profiles.
        operations: The reads of the profile that the original document has too. Path, wrapper and marks are those of
            the changed document, everything else is that of the original.
    """

    document: Mapping[str, Any]
    specification: Specification
    operations: Mapping[str, Operation]

    @property
    def elements(self) -> Mapping[str, Element]:
        """The elements with the properties of the profile."""
        return self.specification.elements

    @property
    def enumerations(self) -> Mapping[str, tuple[str, ...]]:
        """The values of each enumeration."""
        return self.specification.enumerations

    @property
    def booleans(self) -> str:
        """The notation of booleans: ``string``, ``json`` or ``either``."""
        return self.specification.booleans

    @property
    def forms(self) -> Mapping[tuple[str, str], tuple[Property, ...]]:
        """The alternatives of properties that allow several kinds, by element and property."""
        return self.specification.alternatives

    def enumeration_trust(self, name: str) -> str:
        """Return the trust mark of the values of an enumeration."""
        return str(self.document["components"]["schemas"][name].get("x-oneroster-trust", "A"))

    def statuses(self, operation: Operation) -> frozenset[int]:
        """Return the HTTP statuses that the document has for an operation."""
        part = self.document["paths"][operation.path][operation.method.lower()]
        return frozenset(int(status) for status in part["responses"] if status.isdigit())


def gather(document: dict[str, Any], profile: str, standard: Specification) -> DocumentModel:
    """Return the specification of a changed document for one of its profiles.

    Args:
        document: The changed document.
        profile: The profile.
        standard: The specification of the unchanged document.

    Raises:
        DocumentError: The document has a part that cannot be read.
    """
    specification = read_specification(
        document,
        profile=profile,
        operations={
            name
            for name, each in standard.operations.items()
            # Only reads are judged under an overlay.
            if each.method == "GET"
        },
    )
    return DocumentModel(document, specification, dict(_operations(specification, profile, standard)))


def _operations(specification: Specification, profile: str, standard: Specification) -> Iterator[tuple[str, Operation]]:
    for name, changed in specification.operations.items():
        known = standard.operations[name]
        if changed.method != known.method or profile not in (changed.profiles or known.profiles):
            continue
        if set(_path_parameters(changed.path)) != {each.name for each in known.parameters if each.location == "path"}:
            said = f"the path {changed.path} must have exactly the parameters of {name}"
            raise DocumentError(said, f"/paths/{escape(changed.path)}")
        yield name, _marked(known, changed)._replace(path=changed.path, wrapper=changed.wrapper)


def _marked(known: Operation, changed: Operation) -> Operation:
    """Return an operation with the marks of the changed document."""
    marks = {(each.location, each.name): each.trust for each in changed.parameters}
    parameters = (each._replace(trust=marks.get((each.location, each.name), each.trust)) for each in known.parameters)
    return known._replace(
        trust=changed.trust,
        parameters=tuple(parameters),
        status_trust=changed.status_trust,
        header_trust=changed.header_trust,
        wrapper_trust=changed.wrapper_trust,
        subset=known.subset and known.subset._replace(trust=(changed.subset or known.subset).trust),
        scope=known.scope and known.scope._replace(trust=(changed.scope or known.scope).trust),
    )


def _path_parameters(path: str) -> Iterator[str]:
    return (part[1:-1] for part in path.split("/") if part.startswith("{") and part.endswith("}"))
