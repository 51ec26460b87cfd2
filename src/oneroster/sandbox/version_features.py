"""What a version of the standard has or lacks that faults and variants need."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from oneroster_runtime.specification import Specification

__all__ = ["FEATURES", "missing_features"]


def _open_booleans(specification: Specification) -> bool:
    known = [each for one in specification.elements.values() for each in one.properties.values()]
    return any(each.kind == "boolean" and each.trust != "A" for each in known)


FEATURES: Final[Mapping[str, Callable[[Specification], bool]]] = MappingProxyType(
    {
        "OAuth 1.0a": lambda one: not one.security_trust or "oauth1" in one.security_trust,
        "warnings beside data": lambda one: one.warnings,
        "no warnings beside data": lambda one: not one.warnings,
        "booleans in an uncertain form": _open_booleans,
        "POST": lambda one: any(each.method == "POST" for each in one.operations.values()),
        "discovery documents": lambda one: bool(one.discovery),
        "roles and profiles of users": lambda one: "UserProfile" in one.elements,
        "score scales": lambda one: "ScoreScale" in one.elements,
        "learning objectives": lambda one: "LearningObjectiveSet" in one.elements,
        "references to teachers": lambda one: any(
            "teacher" in each.reference_types for it in one.elements.values() for each in it.properties.values()
        ),
        "nested minor codes": lambda one: bool(one.operations) and not one.status_list,
    }
)
"""By name, whether a version has it."""


def missing_features(names: Iterable[str], specification: Specification) -> list[str]:
    """Return the features that a version does not have."""
    return [name for name in names if not FEATURES[name](specification)]
