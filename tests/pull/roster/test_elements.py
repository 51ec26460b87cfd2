"""Elements: their wrapper names, and their load order."""

from oneroster.pull.roster.elements import collection_name, in_load_order
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification


def test_an_element_has_the_wrapper_name_of_its_collection() -> None:
    assert collection_name(SPECIFICATION, "User") == "users"
    assert collection_name(SPECIFICATION, "AcademicSession") == "academicSessions"


def test_references_lead_to_elements_that_are_loaded_before() -> None:
    elements = [name for name, element in SPECIFICATION.elements.items() if element.collection]
    order = in_load_order(SPECIFICATION, reversed(elements))
    assert sorted(order) == sorted(elements)
    for position, name in enumerate(order):
        targets = {known.refers_to for known in SPECIFICATION.elements[name].properties.values()} - {None, name}
        assert targets <= set(order[:position])
