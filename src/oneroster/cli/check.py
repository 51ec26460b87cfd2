"""`oneroster check`: judge a OneRoster server, or the sandbox."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import Final, NamedTuple, NoReturn

import typer

from oneroster.cli import USAGE
from oneroster.cli import _check_options as options
from oneroster.cli._check_baseline import BaselineFile, Deviations, ReasonText, UpdateBaseline, WriteOverlay
from oneroster.cli._check_progress import progress_display
from oneroster.cli._check_reports import (
    Compare,
    Github,
    ReportError,
    ReportHtml,
    ReportJson,
    ReportJunit,
    ReportOutputs,
)
from oneroster.cli._renamed_options import command_refusing
from oneroster.cli._repeat_command import repeat_command
from oneroster.contract.dialects.overlay import base_profile, chosen_profile
from oneroster.contract.http.budget import RunBudget, default_rate
from oneroster.contract.http.target import Target, TargetError
from oneroster.contract.levels import Level
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check as judge
from oneroster.contract.selection import rule_selection
from oneroster.sandbox.server import Sandbox
from oneroster.sandbox.store.database import default_cache
from oneroster.sandbox.variants import variants_by_name
from oneroster.standard import Standard

HELP = """Test a OneRoster 1.1 server against the standard: report each violation, its location, and a curl command that
reproduces it.

The run only reads, unless --allow-writes is given, and limits the number and rate of its requests. Reports show ids,
field names and counts, and no other value of a record.

Exit status: 0 all musts hold, 1 a must is violated, 2 wrong usage, 3 the server could not be judged, 4 the kit itself
failed on a rule, which says nothing about the server.

Examples:

- `oneroster check --sandbox` judges the embedded sandbox tenant

- `oneroster check --base-url https://sis.example/ims/oneroster/v1p1 --report-json report.json` judges a server, with
  `ONEROSTER_TOKEN`, or `ONEROSTER_CLIENT_ID` and `ONEROSTER_CLIENT_SECRET`, in the environment

- `oneroster check --sandbox --fault lost-row` enables a fault: the report names the rule that it violates

- `oneroster check --write-overlay dialect.yaml` describes how the server deviates from the document;
  `oneroster check --overlay dialect.yaml` then reports only other violations
"""

INTERRUPTED: Final = 130
RENAMED: Final = {
    "--known": "--baseline",
    "--write-known": "--update-baseline",
    "--learn": "--write-overlay",
}

_DEFAULTS: Final = RunBudget()


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("check", help=HELP, cls=command_refusing(RENAMED))(check)


def check(
    context: typer.Context,
    base_url: options.BaseUrl = "",
    token: options.Token = "",
    client_id: options.ClientId = "",
    client_secret: options.ClientSecret = "",
    token_url: options.TokenUrl = "",
    profile: options.Profile = "",
    overlay: options.Overlay = "",
    write_overlay: WriteOverlay = "",
    include: options.Include = [],  # noqa: B006  # typer reads the default and never changes it
    exclude: options.Exclude = [],  # noqa: B006  # typer reads the default and never changes it
    fail_on: options.FailOn = None,
    allow_writes: options.AllowWrites = False,
    fuzz: options.Fuzz = 0,
    negative: options.Negative = False,
    stateful: options.Stateful = False,
    seed: options.Seed = None,
    baseline: BaselineFile = "",
    update_baseline: UpdateBaseline = "",
    reason: ReasonText = "",
    report_json: ReportJson = "",
    report_junit: ReportJunit = "",
    report_html: ReportHtml = "",
    github: Github = False,
    compare: Compare = "",
    max_requests: options.MaxRequests = None,
    max_time: options.MaxTime = _DEFAULTS.seconds,
    rate: options.Rate = None,
    timeout: options.Timeout = _DEFAULTS.timeout,
    workers: options.Workers = _DEFAULTS.workers,
    sandbox: options.UseSandbox = False,
    fault: options.Faults = [],  # noqa: B006  # typer reads the default and never changes it
    variant: options.VariantNames = [],  # noqa: B006  # typer reads the default and never changes it
    size: options.Size = "small",
) -> None:
    """Judge a tenant, write the reports, and end with the exit status that the report gives."""
    given = {
        "base_url": base_url,
        "token": token,
        "client_id": client_id,
        "client_secret": client_secret,
        "token_url": token_url,
        "profile": profile,
        "overlay": overlay,
    }
    specification = Standard.of().specification
    try:
        selection = rule_selection(specification, include, exclude)
        plan = RunPlan(selection.operations, fuzz, negative, stateful)
        deviations = Deviations.from_options(
            specification,
            write_overlay=write_overlay,
            baseline=baseline,
            update_baseline=update_baseline,
            reason=reason,
        )
        outputs = ReportOutputs.from_options(
            json=report_json, junit=report_junit, html=report_html, github=github, compare=compare
        )
        with ExitStack() as stack:
            target = (
                _sandbox_target(stack, given, _SandboxOptions(fault, variant, size, seed), allow_writes=allow_writes)
                if sandbox
                else _live_target(given, fault + variant, allow_writes=allow_writes)
            )
            budget = RunBudget(
                max_requests or plan.requests(_DEFAULTS.requests),
                rate or default_rate(target.base_url),
                timeout,
                max_time,
                workers=workers,
            )
            with progress_display() as progress, _terminated_as_interrupted() if allow_writes else nullcontext():
                found = judge(
                    target,
                    budget,
                    rules=selection.rules,
                    plan=plan,
                    seed=seed,
                    progress=progress,
                    inspect=deviations.inspect,
                )
    except ValueError as error:
        _refuse(str(error))
    except KeyboardInterrupt as interrupt:
        for note in getattr(interrupt, "__notes__", ()):
            typer.echo(f"oneroster check: {note}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    level = Level(fail_on or ("should" if fault else "must"))
    try:
        command = repeat_command(context, None if sandbox else target.base_url, found.seed)
        report = replace(deviations.applied_to(found), repeat=command)
        outputs.write(report, level)
    except ReportError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"cannot write {error.filename}: {error.strerror}")
    raise typer.Exit(report.exit_code(level))


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"oneroster check: {reason}", err=True)
    raise typer.Exit(USAGE)


class _SandboxOptions(NamedTuple):
    faults: list[str]
    variants: list[str]
    size: str
    seed: int | None


def _sandbox_target(
    stack: ExitStack, given: Mapping[str, str], wanted: _SandboxOptions, *, allow_writes: bool
) -> Target:
    """Start the sandbox and return it as the target.

    Raises:
        ValueError: A fault, a variant, a size or a profile is unknown, or options of a live tenant are given.
    """
    if any(value for name, value in given.items() if name not in ("profile", "overlay")):
        raise TargetError("--sandbox judges the embedded tenant and cannot be combined with a base URL or credentials")
    profile, variants = (
        chosen_profile(given["profile"], given["overlay"], Standard.of()),
        variants_by_name(wanted.variants),
    )
    seed = 1 if wanted.seed is None else wanted.seed
    tenant = stack.enter_context(
        Sandbox(wanted.size, seed, base_profile(profile), wanted.faults, variants=variants, cache=default_cache())
    )
    access = (
        {"token": tenant.token}
        if "bearer" in variants.ways_in
        else {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
    )
    settings = {"base_url": tenant.base_url, "profile": profile, "overlay": given["overlay"], **access}
    # The environment is left out, because its credentials belong to another tenant.
    target = Target.from_settings(settings, {}, allow_writes=allow_writes)
    assert target is not None  # noqa: S101 - a base URL was given
    return target


def _live_target(given: Mapping[str, str], for_sandbox: list[str], *, allow_writes: bool) -> Target:
    if for_sandbox:
        raise TargetError("--fault and --variant need --sandbox")
    target = Target.from_settings(given, allow_writes=allow_writes)
    if target is None:
        raise TargetError("no tenant given: set --base-url or ONEROSTER_BASE_URL, or use --sandbox")
    return target


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that objects which the run created are removed before it ends."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
