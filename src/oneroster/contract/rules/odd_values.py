"""Values of a record that violate a rule of their own, so that a difference in them is not a second cause."""

from typing import Final

from oneroster.contract.clauses_v1p2 import why_not
from oneroster.contract.errors import NotJudged
from oneroster.contract.http.parsed_response import Record
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.oracle.record_validation import violations
from oneroster.contract.rules.additions import has_no_primary, has_several_primary
from oneroster.contract.rules.additions_closed import further_properties
from oneroster.contract.rules.privacy_disclosure import demographic_properties
from oneroster.contract.rules.schema import LEFT_OUT, WITHOUT_VALUE
from oneroster.contract.rules.semantics_references import ReferencePath, reference_paths, typed_references
from oneroster.contract.rules.semantics_values import codes_are_odd, is_wrongly_primary

__all__ = ["RULES_ON_VALUES", "odd_properties"]

CLOSED: Final = "OR-ADD-18"
"""The rule on properties that no record has, which not every version has."""
RULES_ON_VALUES: Final = (
    *(f"OR-SCH-{number:02d}" for number in range(1, 8)),
    "OR-SEM-05",
    "OR-SEM-06",
    "OR-SEM-18",
    "OR-SEM-21",
    "OR-SEM-20",
    "OR-ADD-01",
    "OR-PRV-08",
    CLOSED,
    LEFT_OUT,
)
"""The rules that report single values, in every response in which they are."""


def odd_properties(tenant: ObservedTenant, element: str, row: Record) -> set[str]:
    """Return the properties of a record whose values one of `RULES_ON_VALUES` reports."""
    empty = WITHOUT_VALUE if why_not(LEFT_OUT, tenant.standard.version) is None else ()
    known = violations(element, row, tenant.specification)
    found = [each for each in known if each.trust != "C" or each.kind in empty]
    odd = {each.pointer.partition(".")[0].removesuffix("[]") for each in found}
    odd |= {path.names[0] for path in typed_references(tenant, element) if path.is_mistyped(row)}
    odd |= {path.names[0] for path in reference_paths(tenant, element) if _is_broken(tenant, path, row)}
    # What is tobedeleted differs as well, although no rule reports it.
    live = row | {"status": "active"}
    odd |= {"primary"} if element == "Enrollment" and is_wrongly_primary(live) else set()
    odd |= demographic_properties(tenant, element) & row.keys()
    odd |= {"roles"} if has_several_primary(live) or has_no_primary(live) else set()
    if why_not(CLOSED, tenant.standard.version) is None:
        odd |= {each.partition(".")[0] for each in further_properties(row, element, tenant.specification)}
    return odd | ({"subjects", "subjectCodes"} if codes_are_odd(row) else set())


def _is_broken(tenant: ObservedTenant, path: ReferencePath, row: Record) -> bool:
    try:
        return bool(path.missing(row, tenant.all_rows(tenant.dialect.collection_of(path.known.refers_to))))
    except NotJudged:
        return False
