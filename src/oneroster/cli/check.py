"""`oneroster check`: judge a OneRoster server, or the sandbox."""

import os
import signal
from collections.abc import Iterator
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
from oneroster.cli._tenant_options import NO_TENANT, TenantOptions, takes_tenant
from oneroster.contract.dialects.overlay import base_profile, chosen_profile
from oneroster.contract.levels import Level
from oneroster.contract.run_options import RunOptions
from oneroster.contract.selection import rule_selection
from oneroster.errors import ConfigurationError
from oneroster.sandbox.server import Sandbox
from oneroster.sandbox.store.database import default_cache
from oneroster.sandbox.variants import variants_by_name
from oneroster.settings import Settings, variable_of
from oneroster.standard import Standard

HELP = """Test a OneRoster server against the standard: report each violation, its location, and a curl command that
reproduces it.

The run only reads, unless --allow-writes is given, and limits the number and rate of its requests. Reports show ids,
field names and counts, and no other value of a record.

Exit status: 0 all musts hold, 1 a must is violated, 2 wrong usage, 3 the server could not be judged, 4 the kit itself
failed on a rule, which says nothing about the server.

Examples:

- `oneroster check --sandbox` judges the embedded sandbox tenant

- `oneroster check --base-url URL --report-json report.json` judges a server, with
  `ONEROSTER_TOKEN`, or `ONEROSTER_CLIENT_ID` and `ONEROSTER_CLIENT_SECRET`, in the environment

- `oneroster check --tenant springfield` judges a tenant of `oneroster.toml`

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


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("check", help=HELP, cls=command_refusing(RENAMED))(check)


@takes_tenant
def check(
    context: typer.Context,
    chosen: TenantOptions = NO_TENANT,
    profile: options.Profile = None,
    overlay: options.Overlay = None,
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
    max_time: options.MaxTime = None,
    rate: options.Rate = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    fault: options.Faults = [],  # noqa: B006  # typer reads the default and never changes it
    variant: options.VariantNames = [],  # noqa: B006  # typer reads the default and never changes it
    size: options.Size = "small",
) -> None:
    """Judge a tenant, write the reports, and end with the exit status that the report gives."""
    specification = Standard.of().specification
    try:
        run = RunOptions(
            rule_selection(specification, include, exclude),
            allow_writes=allow_writes,
            fuzz=fuzz,
            negative=negative,
            stateful=stateful,
            seed=seed,
            max_requests=max_requests,
            max_time=max_time,
            rate=rate,
            timeout=timeout,
            workers=workers,
        )
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
            settings = (
                _sandbox_settings(stack, chosen, _SandboxOptions(fault, variant, size, seed, profile, overlay))
                if chosen.sandbox
                else _live_settings(chosen, fault + variant, profile, overlay)
            )
            target = run.target(settings)
            with progress_display() as progress, _terminated_as_interrupted() if allow_writes else nullcontext():
                found = run.run(target, progress, deviations.inspect)
    except (ValueError, ConfigurationError) as error:
        _refuse(str(error))
    except KeyboardInterrupt as interrupt:
        for note in getattr(interrupt, "__notes__", ()):
            typer.echo(f"oneroster check: {note}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    level = Level(fail_on or ("should" if fault else "must"))
    try:
        command = repeat_command(context, _tenant_words(chosen, target.base_url), found.seed)
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
    profile: str | None
    overlay: str | None


def _sandbox_settings(stack: ExitStack, chosen: TenantOptions, wanted: _SandboxOptions) -> Settings:
    """Start the sandbox and return its settings. The environment is left out: it is that of another tenant.

    Raises:
        ValueError: A fault, a variant, a size or a profile is unknown.
        ConfigurationError: Options of a live tenant are given.
    """
    chosen.check_sandbox()
    profile = chosen_profile(wanted.profile or "", wanted.overlay or "", Standard.of())
    variants = variants_by_name(wanted.variants)
    seed = 1 if wanted.seed is None else wanted.seed
    tenant = stack.enter_context(
        Sandbox(wanted.size, seed, base_profile(profile), wanted.faults, variants=variants, cache=default_cache())
    )
    settings = Settings(tenant.base_url, profile=profile, overlay=wanted.overlay)
    if "bearer" in variants.authentication_methods:
        return settings._replace(token=tenant.token)
    return settings._replace(client_id=tenant.client_id, client_secret=tenant.client_secret)


def _live_settings(chosen: TenantOptions, for_sandbox: list[str], profile: str | None, overlay: str | None) -> Settings:
    if for_sandbox:
        raise ConfigurationError("--fault and --variant need --sandbox")
    return chosen.resolved(anonymous=True, profile=profile, overlay=overlay)


def _tenant_words(chosen: TenantOptions, base_url: str) -> list[str]:
    """Return the options that name the tenant again; none for the sandbox, whose address changes."""
    if chosen.sandbox:
        return []
    tenant = chosen.tenant or os.environ.get(variable_of("tenant"))
    if not tenant:
        return ["--base-url", base_url]
    return ["--tenant", tenant, *(["--base-url", base_url] if "base_url" in chosen.settings else [])]


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that objects which the run created are removed before it ends."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
