"""What pytest collects: a family of rules, in it each rule, and in it a test for each operation."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest

from oneroster.contract.pytest_suite.candidates import Candidates
from oneroster.contract.rule import Rule

__all__ = ["FamilyCollector", "OperationTest", "RuleCollector", "collect_families", "selected_tests"]


class OperationTest(pytest.Function):
    """The test of a rule on one operation; its name is that of the operation.

    Attributes:
        rule: The rule.
    """

    def __init__(self, *, rule: Rule, **named: Any) -> None:
        """Initialise it from a rule and the arguments of a test function."""
        super().__init__(**named)
        self.rule = rule

    def __repr__(self) -> str:
        return f"<Operation {self.name}>"


class RuleCollector(pytest.Collector):
    """The tests of one rule."""

    def __init__(self, *, rule: Rule, operations: Sequence[str], test: Callable[..., object], **named: Any) -> None:
        """Initialise it from a rule, the names of the operations, and the function that tests one of them."""
        super().__init__(**named)
        self._rule = rule
        self._operations = operations
        self._test = test

    def __repr__(self) -> str:
        return f"<Rule {self.name}: {self._rule.title}>"

    def collect(self) -> Iterator[OperationTest]:
        """Yield the test of each operation."""
        for name in self._operations:
            yield OperationTest.from_parent(self, name=name, rule=self._rule, callobj=self._test)


class FamilyCollector(pytest.Collector):
    """The rules of one family."""

    def __init__(
        self, *, rules: Sequence[Rule], operations: Candidates, test: Callable[..., object], **named: Any
    ) -> None:
        """Initialise it from the rules of a family, their operations, and the function that tests one of them."""
        super().__init__(**named)
        self._rules = rules
        self._operations = operations
        self._test = test

    def __repr__(self) -> str:
        return f"<Family {self.name}>"

    def collect(self) -> Iterator[RuleCollector]:
        """Yield the rules."""
        for rule in self._rules:
            operations = self._operations[rule.id]
            yield RuleCollector.from_parent(self, name=rule.id, rule=rule, operations=operations, test=self._test)


def collect_families(
    parent: pytest.Collector, rules: Iterable[Rule], operations: Candidates, test: Callable[..., object]
) -> list[pytest.Collector]:
    """Return the collectors of the families of rules, in the order of the rules.

    Args:
        parent: The module that the tests belong to.
        rules: The rules.
        operations: The operations that each may be judged on. A rule that is not among them has no test.
        test: The test function.
    """
    families: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.id in operations:
            families[rule.family].append(rule)
    return [
        FamilyCollector.from_parent(parent, name=family, rules=members, operations=operations, test=test)
        for family, members in families.items()
    ]


def selected_tests(module: pytest.Collector) -> list[OperationTest]:
    """Return the tests of rules in a module that the session runs, in all its workers, after ``-k`` and node ids."""
    items = (item for item in module.session.items if isinstance(item, OperationTest))
    return [item for item in items if item.getparent(pytest.Module) is module]
