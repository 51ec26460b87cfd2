"""Which rule each fault of the sandbox breaks, family by family."""

from typing import Final

from oneroster.sandbox.faults import FAULTS
from oneroster.standard import Standard

ENVELOPE: Final = {
    "path-named-wrapper": "OR-ENV-01",
    "single-in-list": "OR-ENV-02",
    "text-media-type": "OR-ENV-03",
    "status-as-object": "OR-ENV-04",
    "duplicate-keys": "OR-ENV-05",
    "null-when-empty": "OR-ENV-06",
    "filtered-as-text": "OR-ENV-07",
}

SCHEMA: Final = {
    "missing-required": "OR-SCH-01",
    "number-as-string": "OR-SCH-02",
    "list-as-string": "OR-SCH-02",
    "unknown-role": "OR-SCH-03",
    "us-dates": "OR-SCH-04",
    "local-times": "OR-SCH-05",
    "json-booleans": "OR-SCH-06",
    "null-required": "OR-SCH-01",
    "href-unescaped": "OR-SCH-07",
    "flat-references": "OR-SCH-01",
    "ids-for-references": "OR-SCH-02",
    "relative-href": "OR-SCH-06",
    "href-relative": "OR-SCH-06",
    "empty-parent": "OR-SCH-01",
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
    "default-limit-20": "OR-PAG-08",
    "order-by-page-size": "OR-PAG-09",
    "unstable-ties": "OR-PAG-10",
    "total-before-filter": "OR-PAG-11",
    "wrong-prev-link": "OR-PAG-12",
    "wrong-last-link": "OR-PAG-12",
    "link-forgets-fields": "OR-PAG-13",
    "large-limit-refused": "OR-PAG-01",
    "offset-rounded": "OR-PAG-02",
    "link-cut": "OR-PAG-06",
}

FILTERING: Final = {
    "filter-ignored": "OR-FLT-01",
    "unequal-as-equal": "OR-FLT-02",
    "contains-as-prefix": "OR-FLT-03",
    "bounds-excluded": "OR-FLT-04",
    "moments-as-days": "OR-FLT-05",
    "offset-dropped": "OR-FLT-06",
    "numbers-compared-as-text": "OR-FLT-07",
    "booleans-as-numbers": "OR-FLT-08",
    "list-equals-any": "OR-FLT-09",
    "dotted-refused": "OR-FLT-10",
    "or-as-and": "OR-FLT-11",
    "unknown-filter-ignored": "OR-FLT-12",
    "malformed-filter-ignored": "OR-FLT-13",
    "malformed-filter-crashes": "OR-FLT-13",
    "like-wildcards": "OR-FLT-14",
    "injectable-filter": "OR-FLT-15",
    "filter-finds-hidden": "OR-FLT-01",
    "equal-as-contains": "OR-FLT-02",
    "date-equals-nothing": "OR-FLT-02",
    "unknown-clause-ignored": "OR-FLT-12",
    "words-in-values": "OR-FLT-14",
    "filter-decoded-twice": "OR-FLT-14",
    "filter-allow-list": "OR-FLT-16",
    "id-matches-nothing": "OR-FLT-16",
}

SORTING: Final = {
    "sort-ignored": "OR-SRT-01",
    "numbers-sorted-as-text": "OR-SRT-01",
    "sort-reversed": "OR-SRT-01",
    "desc-ignored": "OR-SRT-02",
    "descending-by-default": "OR-SRT-03",
    "unknown-sort-refused": "OR-SRT-04",
    "unknown-sort-silent": "OR-SRT-05",
    "sort-drops-absent": "OR-SRT-06",
    "sort-allow-list": "OR-SRT-07",
}

FIELDS: Final = {
    "fields-ignored": "OR-FLD-01",
    "fields-keep-id": "OR-FLD-01",
    "fields-ignored-on-singles": "OR-FLD-02",
    "unknown-fields-refused": "OR-FLD-03",
    "unknown-fields-silent": "OR-FLD-04",
    "blank-fields-served": "OR-FLD-05",
    "fields-before-filter": "OR-FLD-06",
    "unknown-fields-empty": "OR-FLD-03",
}

COMBINATIONS: Final = {
    "combined-filter-lost": "OR-CMB-01",
    "nested-filter-ignored": "OR-CMB-01",
    "combined-total-wrong": "OR-CMB-02",
    "combined-links-forget-sort": "OR-CMB-03",
    "selected-references-short": "OR-CMB-04",
    "sorted-total-wrong": "OR-CMB-02",
    "nested-link-elsewhere": "OR-CMB-03",
    "nested-fields-ignored": "OR-CMB-04",
    "nested-or-refused": "OR-CMB-05",
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
    "stranger-adopted": "OR-SEM-11",
    "school-ignored": "OR-SEM-12",
    "dates-reversed": "OR-SEM-13",
    "enrolled-before": "OR-SEM-14",
    "demographics-of-nobody": "OR-SEM-15",
    "ids-anew": "OR-SEM-16",
    "escaped-ids-lost": "OR-SEM-17",
    "school-year-of-start": "OR-SEM-18",
    "period-is-term": "OR-SEM-19",
    "result-of-teacher": "OR-SEM-19",
    "two-primary-teachers": "OR-SEM-20",
    "primary-student": "OR-SEM-20",
    "codes-without-subjects": "OR-SEM-21",
    "term-outside-year": "OR-SEM-22",
    "born-after-change": "OR-SEM-22",
    "single-reads-absent": "OR-SEM-23",
    "tombstones-lost": "OR-SEM-24",
    "nested-absent": "OR-SEM-25",
    "students-differ": "OR-SEM-26",
    "any-user-is-a-student": "OR-SEM-27",
    "nested-row-twice": "OR-SEM-28",
    "ids-ignore-case": "OR-SEM-29",
    "encoded-letters-lost": "OR-SEM-30",
    "href-elsewhere": "OR-SEM-31",
    "nested-finds-hidden": "OR-SEM-03",
    "some-singles-lost": "OR-SEM-08",
    "school-year-range": "OR-SEM-18",
    "other-school-year": "OR-SEM-22",
    "nested-entries-short": "OR-SEM-26",
    "class-terms-twice": "OR-SEM-32",
    "changed-in-future": "OR-SEM-33",
    "range-reversed": "OR-SEM-34",
    "nested-ids-lost": "OR-SEM-35",
}

ACCESS: Final = {
    "open-door": "OR-ACC-01",
    "any-token": "OR-ACC-02",
    "status-without-payload": "OR-ACC-03",
    "blank-token": "OR-ACC-04",
    "no-challenge": "OR-ACC-05",
    "any-secret": "OR-ACC-06",
    "any-grant": "OR-ACC-07",
    "no-token-type": "OR-ACC-08",
    "token-cached": "OR-ACC-09",
    "eternal-token": "OR-ACC-10",
    "scopes-ignored": "OR-ACC-11",
    "stale-timestamp": "OR-ACC-12",
    "nonce-twice": "OR-ACC-13",
    "query-unsigned": "OR-ACC-14",
    "token-for-ever": "OR-ACC-15",
    "token-missing": "OR-ACC-15",
    "token-nested": "OR-ACC-15",
    "token-not-utf-8": "OR-ACC-15",
    "token-with-more": "OR-ACC-16",
    "token-with-less": "OR-ACC-16",
    "token-any-case": "OR-ACC-16",
    "secret-with-more": "OR-ACC-17",
    "any-client-id": "OR-ACC-17",
    "path-unsigned": "OR-ACC-18",
    "method-unsigned": "OR-ACC-18",
    "nested-by-core-scope": "OR-ACC-19",
    "cache-before-authentication": "OR-ACC-01",
    "head-open": "OR-ACC-01",
    "forwarded-trusted": "OR-ACC-01",
    "empty-secret": "OR-ACC-17",
    "signature-left-out": "OR-ACC-18",
    "secret-last-characters": "OR-ACC-17",
    "secret-trimmed": "OR-ACC-17",
    "client-unauthenticated": "OR-ACC-17",
    "grant-type-missing": "OR-ACC-07",
    "token-of-another-kind": "OR-ACC-15",
    "token-with-201": "OR-ACC-15",
    "token-as-html": "OR-ACC-08",
    "no-lifetime": "OR-ACC-08",
    "lifetime-in-words": "OR-ACC-08",
    "scopes-as-list": "OR-ACC-08",
    "refusal-repeats-secret": "OR-ACC-06",
    "basic-refused": "OR-ACC-20",
    "token-last-characters": "OR-ACC-16",
    "any-key": "OR-ACC-01",
    "token-in-query": "OR-ACC-01",
    "null-token": "OR-ACC-04",
    "unsigned-token": "OR-ACC-04",
    "empty-signature": "OR-ACC-18",
    "future-timestamp": "OR-ACC-12",
    "data-with-401": "OR-ACC-01",
    "challenge-of-basic": "OR-ACC-05",
    "forbidden-bare": "OR-ACC-19",
    "enrollments-without-scope": "OR-ACC-19",
}

PRIVACY: Final = {
    "password-sent": "OR-PRV-01",
    "error-names-person": "OR-PRV-02",
    "href-holds-name": "OR-PRV-03",
    "link-holds-name": "OR-PRV-04",
    "demographics-for-all": "OR-PRV-05",
    "link-holds-token": "OR-PRV-06",
    "error-repeats-token": "OR-PRV-07",
    "user-with-birth-date": "OR-PRV-08",
    "href-holds-token": "OR-PRV-06",
    "metadata-birth-date": "OR-PRV-08",
}

HTTP: Final = {
    "latin-charset": "OR-HTP-01",
    "head-without-total": "OR-HTP-02",
    "options-silent": "OR-HTP-03",
    "shared-cache": "OR-HTP-04",
    "always-gzip": "OR-HTP-05",
    "html-for-browsers": "OR-HTP-06",
    "slash-redirect": "OR-HTP-07",
    "options-cut-off": "OR-HTP-08",
    "browsers-refused": "OR-HTP-09",
    "never-modified": "OR-HTP-10",
    "range-cut-off": "OR-HTP-10",
}

WAYS_IN: Final = {name: str(fault.needs.access) for name, fault in FAULTS.items() if fault.needs.access != "any"}
"""Faults that show only to who comes in by this way; the others are judged with a static bearer token."""

TOKEN_LIFETIME: Final = {
    name: fault.needs.token_lifetime for name, fault in FAULTS.items() if fault.needs.token_lifetime is not None
}
"""Seconds that a token lives, where that is shorter than the sandbox's usual hour."""

ERRORS: Final = {
    "unknown-id-found": "OR-ERR-01",
    "start-page": "OR-ERR-02",
    "any-method": "OR-ERR-03",
    "crash-on-number": "OR-ERR-04",
    "odd-status-for-number": "OR-ERR-05",
    "html-not-found": "OR-ERR-06",
    "bare-not-found": "OR-ERR-07",
    "error-says-success": "OR-ERR-08",
    "stack-trace": "OR-ERR-09",
    "crash-on-empty-number": "OR-ERR-04",
    "crash-on-fractions": "OR-ERR-04",
    "minus-one-is-all": "OR-ERR-05",
    "head-crashes": "OR-ERR-10",
    "end-crashes": "OR-ERR-10",
    "impossible-value-ignored": "OR-ERR-11",
    "third-clause-ignored": "OR-ERR-12",
    "odd-sort-empties": "OR-ERR-13",
    "repeated-fields-ignored": "OR-ERR-14",
    "id-injected": "OR-ERR-01",
    "quote-in-id-crashes": "OR-ERR-10",
    "refusal-says-success": "OR-ERR-08",
    "refusal-shows-trace": "OR-ERR-09",
}

WRITES: Final = {
    "put-refused": "OR-WRT-01",
    "put-never-201": "OR-WRT-02",
    "put-loses-text": "OR-WRT-03",
    "put-not-listed": "OR-WRT-04",
    "put-keeps-first": "OR-WRT-05",
    "put-always-201": "OR-WRT-06",
    "put-merges": "OR-WRT-07",
    "put-echo-bare": "OR-WRT-08",
    "extra-credit-refused": "OR-WRT-09",
    "title-cut": "OR-WRT-10",
    "put-crashes-on-junk": "OR-WRT-11",
    "put-takes-bare": "OR-WRT-12",
    "put-takes-invalid": "OR-WRT-13",
    "put-writes-refused": "OR-WRT-14",
    "put-by-body-id": "OR-WRT-15",
    "put-takes-dangling": "OR-WRT-16",
    "open-writes": "OR-WRT-17",
    "delete-says-200": "OR-WRT-18",
    "delete-forgets": "OR-WRT-19",
    "delete-unknown-204": "OR-WRT-20",
    "writes-absent": "OR-WRT-21",
    "put-keeps-date": "OR-WRT-22",
    "deleted-still-listed": "OR-WRT-23",
    "put-not-nested": "OR-WRT-24",
    "delete-takes-neighbour": "OR-WRT-25",
    "put-changes-score-status": "OR-WRT-26",
    "put-takes-wrong-kind": "OR-WRT-27",
    "orgs-writable": "OR-WRT-28",
    "write-scopes-ignored": "OR-WRT-29",
    "put-mangles-letters": "OR-WRT-10",
    "put-listed-twice": "OR-WRT-04",
    "writes-by-any-token": "OR-WRT-17",
    "deleted-still-nested": "OR-WRT-23",
    "put-rejects-exempt": "OR-WRT-26",
    "put-revives": "OR-WRT-30",
}

ENGINE: Final = {
    "rare-500": "OR-ENG-01",
    "undocumented-status": "OR-ENG-02",
    "thin-when-filtered": "OR-ENG-03",
    "crash-on-null": "OR-ENG-04",
    "null-is-found": "OR-ENG-05",
    "unreadable-middle": "OR-ENG-06",
}

BROKEN_BY: Final[dict[str, str]] = {
    **ENVELOPE,
    **SCHEMA,
    **PAGING,
    **FIELDS,
    **SORTING,
    **FILTERING,
    **COMBINATIONS,
    **SEMANTICS,
    **ACCESS,
    **ERRORS,
    **PRIVACY,
    **HTTP,
    **WRITES,
    **ENGINE,
}

SEEN_BY_CHANCE: Final = {"unreadable-middle": "OR-SEM-08"}
"""The rule that may report a fault as well, because it reads a record that the seed chooses."""

ADDITIONS: Final = {
    "two-primary-roles": "OR-ADD-01",
    "primary-org-elsewhere": "OR-ADD-02",
    "unknown-profile": "OR-ADD-03",
    "profile-twice": "OR-ADD-04",
    "role-at-missing-org": "OR-SEM-05",
    "role-org-mistyped": "OR-SEM-06",
    "overlapping-scale": "OR-ADD-05",
    "text-score-off-scale": "OR-ADD-06",
    "case-without-uuid": "OR-ADD-07",
    "status-wrapped": "OR-ADD-08",
    "flat-minor-code": "OR-ADD-09",
    "no-discovery": "OR-ADD-10",
    "discovery-incomplete": "OR-ADD-11",
    "discovery-of-others": "OR-ADD-12",
}
"""Faults in what only OneRoster 1.2 has."""
OTHERWISE: Final = {"1.2": {**ADDITIONS, "json-booleans": "OR-SCH-02"}}
"""Faults that break another rule in a version: there the form of booleans is certain."""


def broken_by(version: str) -> dict[str, str]:
    """Return which rule each fault breaks in a version, without those that it does not have."""
    specification = Standard.of(version).specification
    served = {name: rule for name, rule in BROKEN_BY.items() if not FAULTS[name].needs.missing_from(specification)}
    return served | OTHERWISE.get(version, {})
