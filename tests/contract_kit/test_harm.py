"""Every rule says what a violation does, in the order in which to fix violations."""

from oneroster.contract.catalogue import catalogue
from oneroster.contract.families import FAMILIES
from oneroster.contract.harm import HARM_OF_FAMILY, Harm


def test_harms_are_ranked_from_the_worst_to_the_least() -> None:
    assert [harm.rank for harm in Harm] == [0, 1, 2, 3, 4]
    assert Harm.ROWS.rank < Harm.ACCESS.rank < Harm.PRIVACY.rank < Harm.VALUES.rank < Harm.FORM.rank


def test_every_rule_has_a_harm() -> None:
    assert set(HARM_OF_FAMILY) == set(FAMILIES)
    assert {rule.harm for rule in catalogue()} == set(Harm)


def test_injection_is_no_matter_of_form() -> None:
    harms = {rule.id: rule.harm for rule in catalogue()}
    assert harms["OR-FLT-15"] is Harm.ACCESS
    assert harms["OR-PAG-03"] is Harm.ROWS
    assert harms["OR-PRV-05"] is Harm.PRIVACY
