"""Field names lead to properties, or to members of references, inner records and metadata."""

import pytest

from oneroster.sandbox.query.field_paths import FieldPath, resolve_field
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("familyName", FieldPath("familyName", None, "string", many=False)),
        ("grades", FieldPath("grades", None, "string", many=True)),
        ("orgs.sourcedId", FieldPath("orgs", "sourcedId", "string", many=True)),
        ("userIds.identifier", FieldPath("userIds", "identifier", "string", many=True)),
        ("metadata.any", FieldPath("metadata", "any", "free", many=False)),
        ("orgs", None),
        ("orgs.href", None),
        ("metadata.", None),
        ("familyName.x", None),
        ("unknown", None),
    ],
)
def test_a_name_is_resolved(name: str, expected: FieldPath | None) -> None:
    assert resolve_field(SPECIFICATION, SPECIFICATION.elements["User"], name) == expected
