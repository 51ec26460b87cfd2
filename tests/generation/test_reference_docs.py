"""The pages that show a document have every operation, property and value with its mark and its note."""

import pytest

from generation.reference_docs import reference_as_markdown
from oneroster.standard import Standard


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_page_has_every_fact_with_its_mark(version: str) -> None:
    standard = Standard.of(version)
    page = reference_as_markdown(standard.document())
    lines = page.splitlines()
    for operation in standard.specification.operations.values():
        (line,) = (each for each in lines if each.startswith(f"| `{operation.operation_id}` |"))
        assert f" {operation.method} `{operation.path}` | {operation.trust} |" in line
    for element in standard.specification.elements.values():
        start = lines.index(f"### {element.name}")
        for known in element.properties.values():
            (line, *_) = (each for each in lines[start:] if each.startswith(f"| `{known.name}` |"))
            assert f"| {known.trust} |" in line
    assert all(f"`{name}`" in page for name in standard.specification.enumerations)


def test_a_note_is_shown_beside_its_mark() -> None:
    page = reference_as_markdown(Standard.of("1.1").document())
    assert "| `Retry-After` | C |" in page
    assert "No source names it; the client respects it if present." in page
    assert "| `classType` | enumeration ClassType | no C | A |" in page
