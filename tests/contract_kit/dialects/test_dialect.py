"""A dialect limited to some operations has what they depend on."""

from oneroster.contract.dialects.dialect import Dialect
from oneroster.standard import Standard


def test_a_write_brings_the_read_of_its_object_and_the_collection() -> None:
    """Otherwise a run of one write reads no collection, and says that the tenant answers nothing."""
    dialect = Dialect("standard", Standard.of(), {"putCategory"})
    assert {"getCategory", "getAllCategories"} <= dialect.operations.keys()
    assert all(each.method == "GET" for each in dialect.operations.values())
