"""The options of `oneroster check` that select the tenant, the rules, and the limits of the run."""

from typing import Annotated, Final, Literal

import typer

from oneroster.cli._tenant_options import setting_option
from oneroster.contract.families import FAMILIES
from oneroster.contract.http.budget import DEFAULT_RATE, RunBudget

__all__ = [
    "AllowWrites",
    "BaselineFile",
    "Compare",
    "Exclude",
    "Explain",
    "FailOn",
    "Faults",
    "Fuzz",
    "Github",
    "Include",
    "MaxRequests",
    "MaxTime",
    "Negative",
    "Overlay",
    "Profile",
    "Rate",
    "ReasonText",
    "ReportHtml",
    "ReportJson",
    "ReportJunit",
    "Seed",
    "Size",
    "Stateful",
    "Timeout",
    "UpdateBaseline",
    "VariantNames",
    "Workers",
    "WriteOverlay",
    "profile_names",
]

_DIALECT: Final = "Dialect"
_RULES: Final = "Rules"
_WRITES: Final = "Writes"
_GENERATION: Final = "Test generation"
_LIMITS: Final = "Limits"
_SANDBOX: Final = "Sandbox"
_REPORTS: Final = "Reports"
_BASELINE: Final = "Baseline"
_DEFAULTS: Final = RunBudget()


def profile_names() -> str:
    """Return the sentence that names the profiles, for the help of --profile."""
    from oneroster.contract.dialects.overlay import known_profiles
    from oneroster.standard import Standard

    return f"Names: {', '.join(known_profiles(Standard.of()))}."


Profile = Annotated[
    str | None,
    setting_option(
        "profile",
        "Dialect shipped with the document.",
        _DIALECT,
        "NAME",
    ),
]
Overlay = Annotated[
    str | None,
    setting_option("overlay", "OpenAPI Overlay to apply on top of the profile (.yaml, .json).", _DIALECT, "FILE"),
]
Include = Annotated[
    list[str],
    typer.Option(
        "--include",
        metavar="NAME",
        help=f"Only these families ({', '.join(FAMILIES)}), rules or operations (repeatable, or with commas).",
        rich_help_panel=_RULES,
    ),
]
Exclude = Annotated[
    list[str],
    typer.Option(
        "--exclude",
        metavar="NAME",
        help="All but these families, rules or operations (repeatable, or with commas).",
        rich_help_panel=_RULES,
    ),
]
Explain = Annotated[
    tuple[str, str],
    typer.Option(
        "--explain",
        metavar="RULE OPERATION",
        help="Judge one rule on one operation, and print its requests, the form of their responses, and the reasoning.",
        show_default=False,
        rich_help_panel=_RULES,
    ),
]
FailOn = Annotated[
    Literal["must", "should"] | None,
    typer.Option(
        help="Lowest level whose violations make the run fail with exit status 1.",
        show_default="must",
        rich_help_panel=_RULES,
    ),
]
AllowWrites = Annotated[
    bool,
    typer.Option(
        "--allow-writes",
        help="Judge PUT and DELETE as well. WARNING: this writes to the tenant. The run creates a few categories, line "
        "items and results for an existing class and student, with sourcedIds that begin with oneroster-check-, and "
        "removes them at the end. Users of the tenant may see them meanwhile; prefer a test tenant. The report lists "
        "objects that could not be removed. Takes up to 200 more requests.",
        rich_help_panel=_WRITES,
    ),
]
Fuzz = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="N",
        help="Send N generated valid requests to each operation as well.",
        rich_help_panel=_GENERATION,
    ),
]
Negative = Annotated[
    bool,
    typer.Option(
        "--negative",
        help="Send generated invalid requests as well, which the server must reject (about 700 requests).",
        rich_help_panel=_GENERATION,
    ),
]
Stateful = Annotated[
    bool,
    typer.Option(
        "--stateful",
        help="Follow links from collections to single records as well (about 100 requests).",
        rich_help_panel=_GENERATION,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Seed of the run's random choices, to repeat a run; also the seed of the sandbox's data.",
        rich_help_panel=_GENERATION,
    ),
]
MaxRequests = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Maximum number of requests.",
        show_default=f"{_DEFAULTS.requests}, more with --fuzz, --negative and --stateful",
        rich_help_panel=_LIMITS,
    ),
]
MaxTime = Annotated[
    float | None,
    typer.Option(
        min=1, help="Maximum duration in seconds.", show_default=f"{_DEFAULTS.seconds:g}", rich_help_panel=_LIMITS
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        help="Maximum number of requests per second.",
        show_default=f"{DEFAULT_RATE:g}; unlimited on this machine",
        rich_help_panel=_LIMITS,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        help="Maximum duration of one request in seconds.",
        show_default=f"{_DEFAULTS.timeout:g}",
        rich_help_panel=_LIMITS,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=16,
        help="Concurrent requests; all pause when the server is busy.",
        show_default=str(_DEFAULTS.workers),
        rich_help_panel=_LIMITS,
    ),
]
Faults = Annotated[
    list[str],
    typer.Option(
        "--fault",
        metavar="NAME",
        help="Enable these faults in the sandbox (repeatable, or with commas). With --fault, violations of a 'should' "
        "also fail the run. `oneroster sandbox --list-faults` lists them.",
        rich_help_panel=_SANDBOX,
    ),
]
VariantNames = Annotated[
    list[str],
    typer.Option(
        "--variant",
        metavar="NAME",
        help="Enable these valid variants in the sandbox (repeatable, or with commas). "
        "`oneroster sandbox --list-variants` lists them.",
        rich_help_panel=_SANDBOX,
    ),
]
Size = Annotated[
    str,
    typer.Option(help="Size of the sandbox: small, medium, large, or a number of users.", rich_help_panel=_SANDBOX),
]


def _report_option(form: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        metavar="FILE", help=f"Write the report {form}; - for stdout.", rich_help_panel=_REPORTS
    )
    return option


ReportJson = Annotated[str, _report_option("as JSON, which --compare reads")]
ReportJunit = Annotated[str, _report_option("as JUnit XML, for CI systems")]
ReportHtml = Annotated[str, _report_option("as a self-contained HTML page")]
Github = Annotated[
    bool,
    typer.Option(
        "--github", help="Print annotations for a GitHub workflow after the report.", rich_help_panel=_REPORTS
    ),
]
Compare = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Compare with this older JSON report: show what is better and what is worse.",
        rich_help_panel=_REPORTS,
    ),
]


WriteOverlay = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Write the server's deviations from the document as an OpenAPI Overlay (.yaml, .json), for --overlay.",
        rich_help_panel="Dialect",
    ),
]
BaselineFile = Annotated[
    str,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Accept the findings that this baseline file lists; only new ones fail the run.",
        rich_help_panel=_BASELINE,
    ),
]
UpdateBaseline = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Write all findings of this run as a baseline file, with the reason that --reason gives.",
        rich_help_panel=_BASELINE,
    ),
]
ReasonText = Annotated[
    str,
    typer.Option(
        "--reason",
        metavar="TEXT",
        help="Why the findings that --update-baseline writes are accepted.",
        rich_help_panel=_BASELINE,
    ),
]
