"""What all forms of the report show: the headline, the scores, the violations, and what to fix first.

`Summary.of` computes all of it once; every renderer takes the `Summary`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from oneroster.contract.catalogue import catalogue
from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of
from oneroster.contract.reports.comparison import Comparison, OldReport, compare
from oneroster.contract.result import VIOLATED, WHOLE_TENANT, Cause, Check, CheckReport, Status
from oneroster.contract.rule import FAMILIES
from oneroster.contract.verdict import Verdict

__all__ = ["Exercise", "FindingGroup", "Score", "Summary", "fix_of", "operation_names"]

SHOWN_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Score:
    """The number of checks of each status, for a family or an operation.

    Attributes:
        name: The family, or the operationId.
        rules: How many different rules the checks are of.
        passed: Checks that hold, and open points.
        failed: Checks that violate a must.
        warned: Checks that violate a should.
        accepted: Violations that the baseline accepts.
        not_judged: Checks that could not be made.
    """

    name: str
    rules: int
    passed: int
    failed: int
    warned: int
    accepted: int
    not_judged: int

    @property
    def judged(self) -> int:
        """The number of checks that were made."""
        return self.passed + self.failed + self.warned + self.accepted

    @property
    def percent(self) -> int | None:
        """The share of checks that hold; None when none was made. Only all give 100, and only none gives 0."""
        if not self.judged:
            return None
        share = 100 * self.passed / self.judged
        return int(share) if share >= 1 or not self.passed else 1


@dataclass(frozen=True, slots=True)
class Exercise:
    """On how many operations a rule was exercised.

    Attributes:
        rule: The id of the rule.
        family: Its family.
        operations: How many operations it was judged on; 1 for a rule about the whole run.
        not_judged: On how many it was not.
        cut: On how many of these for lack of requests or time.
    """

    rule: str
    family: str
    operations: int
    not_judged: int
    cut: int


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one rule, which probably have one cause."""

    checks: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """The first of the checks, which has the highest level of all; rule and title are the same in all."""
        return self.checks[0]

    def by_message(self) -> list[list[Check]]:
        """Return the checks, grouped by their message."""
        return list(_grouped(self.checks, lambda check: check.message))


@dataclass(frozen=True, slots=True)
class Summary:
    """A report, and all that its forms show of it.

    Attributes:
        report: The report.
        fail_on: The lowest level whose violations fail the run.
        verdict: How the run ended.
        counts: The number of checks of each status.
        causes: The number of checks that were not judged, by cause.
        failing: The checks that fail the run.
        families: A score for each family that has checks, in the order of the run.
        operations: A score for each operation that has checks, those with the most violations first.
        violations: The violations, grouped by rule and level.
        fix_first: The same, in the order in which to fix them; those of one rule are one.
        open_points: What the server does where the standard is not certain, grouped by rule.
        not_judged: A line for each cause of checks that were not judged, and one for each error of the kit.
        rules: For each rule, on how many operations it was exercised, in the order of the run.
        comparison: What changed since an older report; None without one.
    """

    report: CheckReport
    fail_on: Level
    verdict: Verdict
    counts: Mapping[str, int]
    causes: Mapping[str, int]
    failing: tuple[Check, ...]
    families: tuple[Score, ...]
    operations: tuple[Score, ...]
    violations: tuple[FindingGroup, ...]
    fix_first: tuple[FindingGroup, ...]
    open_points: tuple[FindingGroup, ...]
    not_judged: tuple[str, ...]
    rules: tuple[Exercise, ...] = ()
    comparison: Comparison | None = None

    @classmethod
    def of(cls, report: CheckReport, fail_on: Level = Level.MUST, older: OldReport | None = None) -> "Summary":
        """Return the summary of a report.

        Args:
            report: The report.
            fail_on: The lowest level whose violations fail the run.
            older: The report to compare with.
        """
        violations = _violations(report)
        return cls(
            report,
            fail_on,
            report.verdict(fail_on),
            report.summary(),
            Counter(str(check.cause) for check in report.checks if check.cause is not None),
            tuple(report.violations(fail_on)),
            _family_scores(report),
            _operation_scores(report),
            violations,
            _by_urgency(violations),
            _open_points(report),
            tuple(_not_judged_lines(report)),
            tuple(_exercise(name, checks) for name, checks in _named(report.checks, lambda check: check.id)),
            None if older is None else compare(older, report),
        )

    @property
    def unread(self) -> bool:
        """Whether the tenant could not be read, so that scores and counts would all be empty."""
        return self.report.unjudged is not None and not self.counts[Status.PASSED]

    @property
    def extent(self) -> str:
        """How many requests the run sent in which time, and how many of them got no response of the API."""
        target = self.report.target
        text = f"{count_of(target.requests, 'request')} in {target.seconds:.1f} s"
        if not target.unanswered:
            return text
        parts = ", ".join(f"{what} {count_of(count, 'time')}" for what, count in target.unanswered.items())
        count = sum(target.unanswered.values())
        if count == target.requests:
            return f"{text}, without a response of the API ({parts})"
        return f"{text}, of which {count} got no response of the API ({parts})"

    @property
    def cut(self) -> tuple[Exercise, ...]:
        """The rules that the budget or the time of the run cut somewhere."""
        return () if self.report.interrupted else tuple(each for each in self.rules if each.cut)

    def violations_of(self, level: Level) -> tuple[FindingGroup, ...]:
        """Return the violations of one level, grouped by rule."""
        return tuple(group for group in self.violations if group.first.level is level)


@cache
def _fixes() -> dict[str, str]:
    return {each.id: each.fix for each in catalogue()}


def fix_of(rule_id: str) -> str:
    """Return how to fix a server that violates a rule, as text with code between backticks; empty if not known."""
    return _fixes().get(rule_id, "")


def _family_scores(report: CheckReport) -> tuple[Score, ...]:
    families = dict(_named(report.checks, lambda check: check.family))
    return tuple(_score(family, families[family]) for family in FAMILIES if family in families)


def _operation_scores(report: CheckReport) -> tuple[Score, ...]:
    named = _named(report.checks, lambda check: check.operation_id or "")
    scores = [_score(name, checks) for name, checks in named if name]
    return tuple(sorted(scores, key=lambda score: (-score.failed, -score.warned, not score.judged)))


def _violations(report: CheckReport) -> tuple[FindingGroup, ...]:
    return _groups(check for check in report.checks if check.status in VIOLATED)


def _open_points(report: CheckReport) -> tuple[FindingGroup, ...]:
    return _groups(check for check in report.checks if check.status is Status.OPEN)


def _by_urgency(violations: Iterable[FindingGroup]) -> tuple[FindingGroup, ...]:
    """Return violations in the order in which to fix them: the worst harm first, musts before shoulds.

    Those of one rule are one, with the most urgent first: a single fix mends them.
    """
    levels = list(Level)

    def urgency(group: FindingGroup) -> tuple[int, int, int]:
        return group.first.harm.rank, levels.index(group.first.level), -len(group.checks)

    by_rule: dict[str, list[Check]] = {}
    for group in sorted(violations, key=urgency):
        by_rule.setdefault(group.first.id, []).extend(group.checks)
    return tuple(FindingGroup(tuple(checks)) for checks in by_rule.values())


def operation_names(checks: Iterable[Check], most: int | None = None) -> str:
    """Return the names of the operations of checks, separated by commas.

    Args:
        checks: The checks.
        most: How many to name at most; the rest is counted.
    """
    names = list(dict.fromkeys(check.operation_id or WHOLE_TENANT for check in checks))
    shown = names if most is None else names[:most]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def _not_judged_lines(report: CheckReport) -> Iterator[str]:
    if accepted := Counter(check.accepted for check in report.checks if check.status is Status.ACCEPTED):
        shown = "; ".join(f"{reason} ({count})" for reason, count in accepted.most_common(SHOWN_REASONS))
        yield f"{count_of(accepted.total(), 'violation')} accepted by the baseline: {shown}"
    for cause in Cause:
        mine = [check for check in report.checks if check.cause is cause]
        if cause is Cause.KIT_ERROR:
            yield from (f"{check.id}, {check.operation_id or WHOLE_TENANT}: {check.message}" for check in mine)
        elif mine:
            messages = Counter(check.message for check in mine)
            shown = "; ".join(f"{message} ({count})" for message, count in messages.most_common(SHOWN_REASONS))
            yield f"{count_of(len(mine), 'check')} not judged ({cause}): {shown}"


def _exercise(name: str, checks: list[Check]) -> Exercise:
    judged = {check.operation_id for check in checks if check.status is not Status.NOT_JUDGED}
    others = [check for check in checks if check.status is Status.NOT_JUDGED]
    cut = sum(1 for check in others if check.cause is Cause.BUDGET)
    return Exercise(name, checks[0].family, len(judged), len(others), cut)


def _score(name: str, checks: list[Check]) -> Score:
    counts = Counter(check.status for check in checks)
    rules = len({check.id for check in checks})
    passed, failed, warned = counts[Status.PASSED] + counts[Status.OPEN], counts[Status.FAILED], counts[Status.WARNED]
    return Score(name, rules, passed, failed, warned, counts[Status.ACCEPTED], counts[Status.NOT_JUDGED])


def _groups(checks: Iterable[Check]) -> tuple[FindingGroup, ...]:
    return tuple(FindingGroup(tuple(same)) for same in _grouped(checks, lambda check: check.id + check.level))


def _grouped(checks: Iterable[Check], key: Callable[[Check], str]) -> Iterator[list[Check]]:
    return (same for _, same in _named(checks, key))


def _named(checks: Iterable[Check], key: Callable[[Check], str]) -> Iterable[tuple[str, list[Check]]]:
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(key(check), []).append(check)
    return groups.items()
