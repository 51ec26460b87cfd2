"""A whole school district, made up: the same size and seed give the same records on every machine."""

from oneroster.sandbox.district.generator import records
from oneroster.sandbox.district.size import Size

__all__ = ["Size", "records"]
