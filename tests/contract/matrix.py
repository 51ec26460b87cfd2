"""Which rule each fault of the sandbox breaks, family by family."""

from typing import Final

ENVELOPE: Final = {
    "path-named-wrapper": "OR-ENV-01",
    "single-in-list": "OR-ENV-02",
    "text-media-type": "OR-ENV-03",
}

SCHEMA: Final = {
    "missing-required": "OR-SCH-01",
    "number-as-string": "OR-SCH-02",
    "list-as-string": "OR-SCH-02",
    "unknown-role": "OR-SCH-03",
    "us-dates": "OR-SCH-04",
    "local-times": "OR-SCH-05",
    "json-booleans": "OR-SCH-06",
}

PAGING: Final = {
    "limit-ignored": "OR-PAG-01",
    "offset-ignored": "OR-PAG-02",
    "lost-row": "OR-PAG-03",
    "repeated-row": "OR-PAG-04",
    "wrong-total": "OR-PAG-05",
    "wrong-next-link": "OR-PAG-06",
    "link-drops-filter": "OR-PAG-06",
    "error-past-end": "OR-PAG-07",
}

SEMANTICS: Final = {
    "subset-unfiltered": "OR-SEM-01",
    "subset-incomplete": "OR-SEM-02",
    "scope-ignored": "OR-SEM-03",
    "scope-incomplete": "OR-SEM-04",
    "dangling-reference": "OR-SEM-05",
    "wrong-reference-type": "OR-SEM-06",
    "single-differs": "OR-SEM-07",
    "wrong-single": "OR-SEM-08",
    "orphan-child": "OR-SEM-09",
    "duplicate-id": "OR-SEM-10",
}

ACCESS: Final = {
    "open-door": "OR-ACC-01",
    "any-token": "OR-ACC-02",
    "status-without-payload": "OR-ACC-03",
}

ENGINE: Final = {
    "rare-500": "OR-ENG-01",
    "undocumented-status": "OR-ENG-02",
    "thin-when-filtered": "OR-ENG-03",
}

BROKEN_BY: Final[dict[str, str]] = ENVELOPE | SCHEMA | PAGING | SEMANTICS | ACCESS | ENGINE
