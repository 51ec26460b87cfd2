"""Every report that a test of the kit makes is looked at: what is not judged names its cause."""

from tests.explained import every_report_is_explained

__all__ = ["every_report_is_explained"]
