"""What all forms of the report have in common: the headline, the scores, the violations, and what to fix first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from oneroster.contract.levels import Level
from oneroster.contract.observation.evidence import count_of
from oneroster.contract.result import HOLDS, Check, CheckReport, Reason, Status
from oneroster.contract.rule import FAMILIES

__all__ = [
    "WHOLE_TENANT",
    "FindingGroup",
    "Headline",
    "Outcome",
    "Score",
    "family_scores",
    "fix_first",
    "headline",
    "open_points",
    "operation_names",
    "operation_scores",
    "skip_lines",
    "violations",
]

SHOWN_REASONS: Final = 3
WHOLE_TENANT: Final = "the tenant"


class Outcome(StrEnum):
    """How a run ended, in one word."""

    HOLDS = "holds"
    WARNED = "warned"
    VIOLATED = "violated"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Headline:
    """How a run ended, in one line."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """The number of checks of each status, for a family or an operation.

    Attributes:
        name: The family, or the operationId.
        rules: How many different rules the checks are of.
        passed: Checks that hold.
        failed: Checks that violate a must.
        warned: Checks that violate a should.
        skipped: Checks that could not be made.
    """

    name: str
    rules: int
    passed: int
    failed: int
    warned: int
    skipped: int

    @property
    def judged(self) -> int:
        """The number of checks that were made."""
        return self.passed + self.failed + self.warned

    @property
    def percent(self) -> int | None:
        """The share of checks that hold; None when none was made. Only all give 100, and only none gives 0."""
        if not self.judged:
            return None
        share = 100 * self.passed / self.judged
        return int(share) if share >= 1 or not self.passed else 1


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one rule at one level, which probably have one cause."""

    checks: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """The first of the checks; rule, title, clause and level are the same in all."""
        return self.checks[0]

    def by_message(self) -> list[list[Check]]:
        """Return the checks, grouped by their message."""
        return list(_grouped(self.checks, lambda check: check.message))


def headline(report: CheckReport, fail_on: Level = Level.MUST) -> Headline:
    """Return how a run ended; ``fail_on`` is the lowest level whose violations fail it."""
    musts, shoulds = _violated_rules(report, Level.MUST), _violated_rules(report, Level.SHOULD)
    if musts:
        also = f", {count_of(shoulds, 'should')} violated" if shoulds else ""
        return Headline(Outcome.VIOLATED, f"{count_of(musts, 'must')} violated" + also)
    if report.unjudged is not None and not report.violations(fail_on):
        return Headline(Outcome.UNJUDGED, f"Could not be judged: {report.unjudged}")
    if report.kit_errors():
        return Headline(Outcome.UNJUDGED, "The kit itself failed; the server could not be judged")
    if shoulds:
        outcome = Outcome.VIOLATED if fail_on is Level.SHOULD else Outcome.WARNED
        return Headline(outcome, f"All musts hold; {count_of(shoulds, 'should')} violated")
    return Headline(Outcome.HOLDS, "All musts hold")


def family_scores(report: CheckReport) -> list[Score]:
    """Return a score for each family that has checks, in the order of the run."""
    families = dict(_named(report.checks, lambda check: check.family))
    return [_score(family, families[family]) for family in FAMILIES if family in families]


def operation_scores(report: CheckReport) -> list[Score]:
    """Return a score for each operation that has checks, those with the most violations first."""
    named = _named(report.checks, lambda check: check.operation_id or "")
    scores = [_score(name, checks) for name, checks in named if name]
    return sorted(scores, key=lambda score: (-score.failed, -score.warned, not score.judged))


def violations(report: CheckReport, level: Level | None = None) -> list[FindingGroup]:
    """Return the violations of one level, or of all, grouped by rule."""
    return _groups(
        check
        for check in report.checks
        if check.status in (Status.FAILED, Status.WARNED) and (level is None or check.level is level)
    )


def open_points(report: CheckReport) -> list[FindingGroup]:
    """Return what the server does where the standard is not certain, grouped by rule."""
    return _groups(
        check
        for check in report.checks
        if check.level is Level.OPEN and check.status is Status.PASSED and check.message != HOLDS
    )


def fix_first(report: CheckReport, most: int) -> list[FindingGroup]:
    """Return the violations to fix first: musts before shoulds, those of many operations before those of few.

    Args:
        report: The report.
        most: How many to return at most.
    """
    weight = list(Level)
    return sorted(violations(report), key=lambda group: (weight.index(group.first.level), -len(group.checks)))[:most]


def operation_names(checks: Iterable[Check], most: int | None = None) -> str:
    """Return the names of the operations of checks, separated by commas.

    Args:
        checks: The checks.
        most: How many to name at most; the rest is counted.
    """
    names = list(dict.fromkeys(check.operation_id or WHOLE_TENANT for check in checks))
    shown = names if most is None else names[:most]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def skip_lines(report: CheckReport) -> Iterator[str]:
    """Yield a line for each cause of skipped checks, and one for each error of the kit."""
    skipped = [check for check in report.checks if check.status is Status.SKIPPED]
    for reason in Reason:
        mine = [check for check in skipped if check.reason is reason]
        if reason is Reason.KIT_ERROR:
            yield from (f"{check.id}, {check.operation_id or WHOLE_TENANT}: {check.message}" for check in mine)
        elif reason is Reason.NOT_OFFERED and mine:
            named = list(dict.fromkeys(check.operation_id for check in mine if check.operation_id))
            yield f"not offered: {', '.join(named) or 'what these rules need: ' + ', '.join(each.id for each in mine)}"
        elif mine:
            messages = Counter(check.message for check in mine)
            shown = "; ".join(f"{message} ({count})" for message, count in messages.most_common(SHOWN_REASONS))
            yield f"{count_of(len(mine), 'check')} skipped ({reason}): {shown}"


def _score(name: str, checks: list[Check]) -> Score:
    counts = Counter(check.status for check in checks)
    rules = len({check.id for check in checks})
    passed, failed = counts[Status.PASSED], counts[Status.FAILED]
    return Score(name, rules, passed, failed, counts[Status.WARNED], counts[Status.SKIPPED])


def _groups(checks: Iterable[Check]) -> list[FindingGroup]:
    return [FindingGroup(tuple(same)) for same in _grouped(checks, lambda check: check.id + check.level)]


def _grouped(checks: Iterable[Check], key: Callable[[Check], str]) -> Iterator[list[Check]]:
    return (same for _, same in _named(checks, key))


def _named(checks: Iterable[Check], key: Callable[[Check], str]) -> Iterable[tuple[str, list[Check]]]:
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(key(check), []).append(check)
    return groups.items()


def _violated_rules(report: CheckReport, level: Level) -> int:
    return len({group.first.id for group in violations(report, level)})
