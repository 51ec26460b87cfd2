"""The values of settings, by their kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneroster import ConfigurationError
from oneroster.setting_values import invalid_settings, merged_headers, read_flag, read_header_references


@given(st.dictionaries(st.text(), st.text()))
def test_no_header_of_any_text_breaks_the_check_c1(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not list(invalid_settings({"headers": ((name.lower(), value),)})):
            assert name.lower().isascii()
            assert value.isascii()
            assert value.isprintable()


def test_a_given_header_replaces_a_stored_one_of_its_name_c1() -> None:
    assert merged_headers((("a", "1"), ("b", "2")), (("b", "3"),)) == (("a", "1"), ("b", "3"))


@pytest.mark.parametrize("value", [None, 1, 0.0, "maybe", []])
def test_what_is_no_flag_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="allow_http must be true or false"):
        read_flag("allow_http", value)


def test_a_reference_names_where_the_value_is_c1() -> None:
    assert read_header_references("--header", ["X-Key=env:KEY"], {"KEY": "k"}) == (("x-key", "k"),)
