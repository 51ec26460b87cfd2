"""The run of `oneroster check`, with all that is imported only when a tenant is judged."""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import Literal, NamedTuple

import typer

from oneroster.cli import USAGE, _interrupts
from oneroster.cli._check_baseline_and_overlay import Deviations
from oneroster.cli._check_progress import progress_display
from oneroster.cli._check_reports import ReportError, ReportOutputs
from oneroster.cli._command_class import fail
from oneroster.cli._repeat_command import repeat_command
from oneroster.cli._tenant_options import TenantOptions
from oneroster.cli._wrapped_lines import echo_wrapped
from oneroster.contract.dialects.dialect import document_words
from oneroster.contract.dialects.overlay import base_profile, chosen_profile
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.levels import Level
from oneroster.contract.reports.explanation import explanation
from oneroster.contract.run_options import RunOptions
from oneroster.contract.run_selection import rule_selection
from oneroster.detection import detect_standard
from oneroster.errors import ConfigurationError
from oneroster.sandbox.server import Sandbox
from oneroster.sandbox.store.database import default_cache
from oneroster.sandbox.variants import variants_by_name
from oneroster.settings import Settings, variable_of
from oneroster_runtime.specification import Specification

__all__ = ["run_check"]


def run_check(
    context: typer.Context,
    chosen: TenantOptions,
    *,
    profile: str | None,
    overlay: str | None,
    write_overlay: str,
    include: list[str],
    exclude: list[str],
    explain: tuple[str, str],
    fail_on: Literal["must", "should"] | None,
    allow_writes: bool,
    fuzz: int,
    negative: bool,
    stateful: bool,
    seed: int | None,
    baseline: str,
    update_baseline: str,
    reason: str,
    report_json: str,
    report_junit: str,
    report_html: str,
    github: bool,
    compare: str,
    max_requests: int | None,
    max_time: float | None,
    rate: float | None,
    timeout: float | None,
    workers: int | None,
    fault: list[str],
    variant: list[str],
    size: str,
) -> None:
    """Judge a tenant, write the reports, and end with the exit status that the report gives; see `check`."""
    try:
        live = None if chosen.sandbox else _live_settings(chosen, fault + variant, profile, overlay)
        detected = None if live is None else detect_standard(live)
        standard = chosen.sandbox_standard if detected is None else detected.standard
        specification = standard.specification
        run = RunOptions(
            rule_selection(specification, _included(include, explain), exclude),
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
            json=report_json,
            junit=report_junit,
            html=report_html,
            github=github,
            compare=compare,
            others=(write_overlay, baseline, update_baseline),
        )
        with ExitStack() as stack:
            settings = (
                _sandbox_settings(stack, chosen, _SandboxOptions(fault, variant, size, seed, profile, overlay))
                if live is None
                else live
            )
            target = run.target(settings, standard)
            with progress_display() as progress, _interrupts.terminated_as_interrupted():
                exchanges: list[Exchange] = []
                observe = exchanges.append if any(explain) else _ignored
                found = run.run(target, progress, deviations.inspect, observe, _interrupts.seen)
    except (ValueError, ConfigurationError) as error:
        fail("check", str(error), USAGE)
    if found.interrupted:
        # What was found until now is not lost; a second interrupt ends the command at once.
        _interrupts.forget()
        echo_wrapped("oneroster check: interrupted; the report has what was judged until then", err=True)
    level = Level(fail_on or ("should" if fault else "must"))
    try:
        command = repeat_command(context, _tenant_words(chosen, target.base_url), found.seed)
        report = replace(deviations.applied_to(found), repeat=command)
        if any(explain):
            echo_wrapped(explanation(run.selection.rules[0], report, exchanges, _known_names(specification)))
        else:
            outputs.write(report, level)
    except ReportError as error:
        fail("check", str(error), USAGE)
    except OSError as error:
        if error.filename is None:  # the output, see `command_class`
            raise
        fail("check", f"cannot write {error.filename}: {error.strerror}", USAGE)
    raise typer.Exit(report.exit_code(level))


def _included(include: list[str], explain: tuple[str, str]) -> list[str]:
    """Return the names that select rules and operations: those to explain, if there are any.

    Raises:
        ValueError: More is selected than what is to be explained.
    """
    if not any(explain):
        return include
    if include:
        raise ValueError("--explain selects one rule and one operation; leave out --include")
    if not explain[0].startswith("OR-"):
        raise ValueError("--explain takes the id of a rule and an operationId, such as OR-PAG-05 getAllOrgs")
    return list(explain)


def _known_names(specification: Specification) -> frozenset[str]:
    """Return the names that the document gives to the members of a body."""
    properties = (name for element in specification.elements.values() for name in element.properties)
    return document_words(specification) | frozenset(properties)


def _ignored(_exchange: Exchange) -> None:
    """Keep no exchange: a run holds many, and their bodies hold data."""


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
    standard = chosen.sandbox_standard
    profile = chosen_profile(wanted.profile or "", wanted.overlay or "", standard)
    variants = variants_by_name(wanted.variants)
    seed = 1 if wanted.seed is None else wanted.seed
    tenant = stack.enter_context(
        Sandbox(
            wanted.size,
            seed,
            base_profile(profile),
            wanted.faults,
            standard=standard,
            variants=variants,
            cache=default_cache(),
        )
    )
    settings = Settings(tenant.base_url, profile=profile, overlay=wanted.overlay)
    if "bearer" in variants.authentication_methods:
        return settings._replace(token=tenant.token)
    if "oauth1" not in standard.specification.security_trust:
        settings = settings._replace(token_url=tenant.token_url)
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
