"""The options of `oneroster check` that select the tenant, the rules, and the limits of the run."""

from typing import Annotated, Final, Literal

import typer

from oneroster.cli._tenant_options import setting_option
from oneroster.contract.dialects.overlay import known_profiles
from oneroster.contract.http.budget import DEFAULT_RATE, RunBudget
from oneroster.contract.rule import FAMILIES
from oneroster.standard import Standard

__all__ = [
    "AllowWrites",
    "Exclude",
    "FailOn",
    "Faults",
    "Fuzz",
    "Include",
    "MaxRequests",
    "MaxTime",
    "Negative",
    "Overlay",
    "Profile",
    "Rate",
    "Seed",
    "Size",
    "Stateful",
    "Timeout",
    "VariantNames",
    "Workers",
]

_DIALECT: Final = "Dialect"
_RULES: Final = "Rules"
_WRITES: Final = "Writes"
_GENERATION: Final = "Test generation"
_LIMITS: Final = "Limits"
_SANDBOX: Final = "Sandbox"
_DEFAULTS: Final = RunBudget()


Profile = Annotated[
    str | None,
    setting_option(
        "profile",
        f"Dialect shipped with the document: {', '.join(known_profiles(Standard.of()))}.",
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
        help=f"Only this family ({', '.join(FAMILIES)}), rule or operation (repeatable).",
        rich_help_panel=_RULES,
    ),
]
Exclude = Annotated[
    list[str],
    typer.Option(
        "--exclude",
        metavar="NAME",
        help="All but this family, rule or operation (repeatable).",
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
        help="Enable this fault in the sandbox (repeatable). With --fault, violations of a 'should' also fail the run. "
        "`oneroster sandbox --list-faults` lists them.",
        rich_help_panel=_SANDBOX,
    ),
]
VariantNames = Annotated[
    list[str],
    typer.Option(
        "--variant",
        metavar="NAME",
        help="Enable this valid variant in the sandbox (repeatable). `oneroster sandbox --list-variants` lists them.",
        rich_help_panel=_SANDBOX,
    ),
]
Size = Annotated[
    str,
    typer.Option(help="Size of the sandbox: small, medium, large, or a number of users.", rich_help_panel=_SANDBOX),
]
