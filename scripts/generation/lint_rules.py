"""The rules of a document beyond OpenAPI: what the generator, the sandbox and the contract kit rely on."""

from generation.lint_examples import EXAMPLE_RULES
from generation.lint_form import FORM_RULES
from generation.lint_names import BASIC_RULES, NAME_RULES
from generation.lint_parameters import PARAMETER_RULES

__all__ = ["RULES", "STAGES"]

STAGES = (BASIC_RULES, [*PARAMETER_RULES, *FORM_RULES], NAME_RULES, EXAMPLE_RULES)
"""The rules in stages: those of a stage run only if the document follows all of the stages before."""
RULES = [rule for stage in STAGES for rule in stage]
