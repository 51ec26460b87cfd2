"""A whole school district, made up: the same size and seed give the same records on every machine."""

from oneroster.sandbox.district.plan import Size
from oneroster.sandbox.district.whole import records

__all__ = ["Size", "records"]
