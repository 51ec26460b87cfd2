"""Counts of what a bundle cannot represent."""

from oneroster.pull.formats.oneroster_csv.file_definitions import BINDINGS
from oneroster.pull.formats.oneroster_csv.loss_counts import LossCounts
from oneroster.pull.formats.oneroster_csv.unsupported_values import count_unsupported_values
from oneroster.pull.roster.rejects import Reject
from tests.pull.formats.rosters import student, table


def test_counts_become_sentences_file_by_file() -> None:
    losses = LossCounts()
    losses.add_sentence("A sentence.")
    losses.count_values("users", "phone", "values changed", 2)
    losses.count_values("users", "phone", "values changed")
    losses.count_values("users", "email", "never", 0)
    losses.omit_rows("orgs", "not active", 3)
    losses.reject_rows("users", "role", "has no value", ["u", "v"])
    assert losses.notes() == (
        "A sentence.",
        "orgs.csv: rows left out, not active: 3.",
        "users.csv: rows left out, role has no value: 2.",
        "users.csv, column phone: values changed: 3.",
    )


def test_rejected_rows_are_listed_up_to_a_maximum_and_all_are_counted() -> None:
    losses = LossCounts()
    losses.reject_rows("users", "orgSourcedIds", "refers to nothing", ["u"], ["o"])
    assert losses.rejects == [Reject("users.csv", "u", "orgSourcedIds", "refers to nothing", refers_to="o")]
    losses.reject_rows("users", "role", "has no value", [f"u{index}" for index in range(10_001)])
    assert len(losses.rejects) == 10_001
    assert "users.csv: rows left out, role has no value: 10001." in losses.notes()


def test_unsupported_values_are_counted() -> None:
    losses = LossCounts()
    users = table("User", student("u 1", role="pupil", metadata="{}"), student("u2"))
    count_unsupported_values(users.to_batches()[0], BINDINGS["1.1"].files["users"], losses)
    assert losses.notes() == (
        "users.csv, column metadata: records with metadata, for which CSV has no column: 1.",
        "users.csv, column role: values that the standard does not list: 1.",
        "users.csv, column sourcedId: ids with characters that CSV does not allow, written unchanged: 1.",
    )
