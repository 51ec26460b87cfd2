"""Records become rows and back."""

from oneroster.sandbox.store.table_layout import TableLayout, column, instant_column
from oneroster.standard import Standard

ELEMENTS = Standard.of().specification.elements


def test_a_record_is_the_same_after_a_round_trip() -> None:
    record = {
        "sourcedId": "r1",
        "status": "active",
        "dateLastModified": "2025-08-11T02:00:00Z",
        "lineItem": {"sourcedId": "l1", "type": "lineItem"},
        "score": 2.5,
        "vendor": [1, 2],
    }
    layout = TableLayout(ELEMENTS["Result"])
    row = layout.to_row(record)
    assert layout.to_record(tuple(row[1:])) == record
    assert instant_column("dateLastModified") in layout.columns
    assert column("lineItem.sourcedId") in layout.create_statement("main")


def test_a_reference_gets_its_first_type_and_loses_its_href() -> None:
    layout = TableLayout(ELEMENTS["Course"])
    row = layout.to_row({"org": {"sourcedId": "o1", "href": "https://t.example"}})
    assert layout.to_record(tuple(row[1:])) == {"org": {"sourcedId": "o1", "type": "org"}}
