"""What all forms of the report say in common: the verdict, the scores, what is broken and what to mend first."""

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
    "Group",
    "Headline",
    "Outcome",
    "Score",
    "broken",
    "by_endpoint",
    "by_family",
    "mend_first",
    "open_points",
    "operations_of",
    "skips",
    "verdict",
]

SHOWN_REASONS: Final = 3
WHOLE_TENANT: Final = "the tenant"


class Outcome(StrEnum):
    """How a run ended, in one word."""

    HOLDS = "holds"
    WARNED = "warned"
    BROKEN = "broken"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Headline:
    """How a run ended, in one line."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """How many checks of a family or an endpoint ended how; ``rules`` counts the different rules among them."""

    name: str
    rules: int
    passed: int
    failed: int
    warned: int
    skipped: int

    @property
    def judged(self) -> int:
        """Checks that ended with a verdict."""
        return self.passed + self.failed + self.warned

    @property
    def percent(self) -> int | None:
        """Share of the judged checks that hold; None when none was judged. 100 is kept for all, and 0 for none."""
        if not self.judged:
            return None
        share = 100 * self.passed / self.judged
        return int(share) if share >= 1 or not self.passed else 1


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule and one level: one cause, however many operations show it."""

    checks: tuple[Check, ...]

    @property
    def first(self) -> Check:
        """Stands for what they have in common."""
        return self.checks[0]

    def by_message(self) -> list[list[Check]]:
        """The findings that say the same, together."""
        return list(_grouped(self.checks, lambda check: check.message))


def verdict(report: CheckReport, fail_on: Level = Level.MUST) -> Headline:
    """The last word on a run; ``fail_on`` says from which level on a breach fails it."""
    musts, shoulds = _broken_rules(report, Level.MUST), _broken_rules(report, Level.SHOULD)
    if musts:
        return Headline(Outcome.BROKEN, f"{_are(musts, 'must')} broken" + _as_well(shoulds))
    if report.unjudged is not None and not report.breaches(fail_on):
        return Headline(Outcome.UNJUDGED, f"Could not be judged: {report.unjudged}")
    if report.kit_errors():
        return Headline(Outcome.UNJUDGED, "The kit itself failed; this is no verdict on the server")
    if shoulds:
        outcome = Outcome.BROKEN if fail_on is Level.SHOULD else Outcome.WARNED
        return Headline(outcome, f"All musts hold; {_are(shoulds, 'should')} broken")
    return Headline(Outcome.HOLDS, "All musts hold")


def by_family(report: CheckReport) -> list[Score]:
    """A score for each family that was judged, in the order in which they ran."""
    families = dict(_named(report.checks, lambda check: check.family))
    return [_score(family, families[family]) for family in FAMILIES if family in families]


def by_endpoint(report: CheckReport) -> list[Score]:
    """A score for each operation that was judged, the worst first."""
    named = _named(report.checks, lambda check: check.operation_id or "")
    scores = [_score(name, checks) for name, checks in named if name]
    return sorted(scores, key=lambda score: (-score.failed, -score.warned, not score.judged))


def broken(report: CheckReport, level: Level | None = None) -> list[Group]:
    """The broken rules, of one level or of all."""
    return _groups(
        check
        for check in report.checks
        if check.status in (Status.FAILED, Status.WARNED) and (level is None or check.level is level)
    )


def open_points(report: CheckReport) -> list[Group]:
    """What the server does where the standard is not certain."""
    return _groups(
        check
        for check in report.checks
        if check.level is Level.OPEN and check.status is Status.PASSED and check.message != HOLDS
    )


def mend_first(report: CheckReport, most: int) -> list[Group]:
    """The broken rules whose mending helps most: musts before shoulds, those of many operations before those of few."""
    weight = list(Level)
    return sorted(broken(report), key=lambda group: (weight.index(group.first.level), -len(group.checks)))[:most]


def operations_of(checks: Iterable[Check], most: int | None = None) -> str:
    """The operations of some checks, at most so many by name."""
    names = list(dict.fromkeys(check.operation_id or WHOLE_TENANT for check in checks))
    shown = names if most is None else names[:most]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def skips(report: CheckReport) -> Iterator[str]:
    """One line for each reason why checks were skipped; errors of the kit are told one by one."""
    skipped = [check for check in report.checks if check.status is Status.SKIPPED]
    for reason in Reason:
        mine = [check for check in skipped if check.reason is reason]
        if reason is Reason.KIT_ERROR:
            yield from (f"{check.id}, {check.operation_id or WHOLE_TENANT}: {check.message}" for check in mine)
        elif reason is Reason.NOT_OFFERED and mine:
            named = list(dict.fromkeys(check.operation_id for check in mine if check.operation_id))
            yield f"not offered: {', '.join(named) or 'what ' + ', '.join(check.id for check in mine) + ' would judge'}"
        elif mine:
            messages = Counter(check.message for check in mine)
            shown = "; ".join(f"{message} ({count})" for message, count in messages.most_common(SHOWN_REASONS))
            yield f"skipped, {reason}, {count_of(len(mine), 'check')}: {shown}"


def _score(name: str, checks: list[Check]) -> Score:
    counts = Counter(check.status for check in checks)
    rules = len({check.id for check in checks})
    passed, failed = counts[Status.PASSED], counts[Status.FAILED]
    return Score(name, rules, passed, failed, counts[Status.WARNED], counts[Status.SKIPPED])


def _groups(checks: Iterable[Check]) -> list[Group]:
    return [Group(tuple(same)) for same in _grouped(checks, lambda check: check.id + check.level)]


def _grouped(checks: Iterable[Check], key: Callable[[Check], str]) -> Iterator[list[Check]]:
    return (same for _, same in _named(checks, key))


def _named(checks: Iterable[Check], key: Callable[[Check], str]) -> Iterable[tuple[str, list[Check]]]:
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(key(check), []).append(check)
    return groups.items()


def _broken_rules(report: CheckReport, level: Level) -> int:
    return len({group.first.id for group in broken(report, level)})


def _are(count: int, word: str) -> str:
    return f"1 {word} is" if count == 1 else f"{count} {word}s are"


def _as_well(shoulds: int) -> str:
    return f", {_are(shoulds, 'should')} as well" if shoulds else ""
