"""The templates fit one version of the generator; when a stock template changes, somebody must look."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import openapi_python_client
import pytest

from generation.emit import PINNED, TEMPLATES

STOCK = Path(openapi_python_client.__file__).parent / "templates"
# The stock templates that ours stand in for. A new hash means: read what changed there, and change ours or this.
HASHES = {
    "api_init.py.jinja": "f3b0290732b219be73b204cc3a44170eab0b64299a485a093306c6cc20d064cc",
    "client.py.jinja": "4eac65762f21014a7fbf59e730f1be6d28c9c85ddc1c40b458b6ff5f67a64c9e",
    "endpoint_init.py.jinja": "c1837a037fdbbd85b5dc1d49f58bd80a672fe4496cfaaf84d3b91927027b56da",
    "endpoint_macros.py.jinja": "58edb8b4913db6ed4863c633fb39365364494398c8156c77151c6676f1b28fee",
    "endpoint_module.py.jinja": "c1b2628053eb4875ba59566baa5ae907666f9cbfafa308d93f970a4404b7cd52",
    "errors.py.jinja": "b6ba7ea79aa7d7f24b47119985d1ed20268d3da0ab70309ee138088a106b6af9",
    "model.py.jinja": "fd1c79680d51c06cfbb89809ad123750ba9add98b688036c04cabbf1f8ba40a0",
    "models_init.py.jinja": "4f64a3d6e1b15a561be5573c1b7702eb928c0e4fa6b67107d20e57a74c44d51a",
    "package_init.py.jinja": "ac15907e32dc39bd9b83ea6f2002fb87514f2182b97f88231b5a9c47321f6210",
    "str_enum.py.jinja": "e4979a5e6b338351eda8bdac534017cfbeb51a809b494fd3c632db39414817fc",
    "types.py.jinja": "93df9d75883a4eafac77dd21bc6907f3ef612e3f7841e08656618dcf6c4ce494",
}


def test_the_generator_is_the_one_that_the_templates_fit() -> None:
    assert version("openapi-python-client") == PINNED["openapi-python-client"]


@pytest.mark.parametrize("name", HASHES)
def test_a_stock_template_is_the_one_that_ours_stands_in_for(name: str) -> None:
    assert hashlib.sha256((STOCK / name).read_bytes()).hexdigest() == HASHES[name]


def test_every_stock_template_that_is_rendered_is_stood_in_for() -> None:
    ours = {path.name for path in TEMPLATES.iterdir()}
    stood_in = {name for name in ours if (STOCK / name).exists()}
    # The macros of endpoints belong to the stock endpoint module, and go with it.
    assert stood_in | {"endpoint_macros.py.jinja"} == set(HASHES)


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.iterdir()))
def test_a_template_says_what_it_fits_and_why_it_exists(name: str) -> None:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    assert text.startswith("{#\n")
    head = text.partition("#}")[0]
    assert f"openapi-python-client {PINNED['openapi-python-client']}" in head
    assert "Why:" in head
    assert len(text.splitlines()) < 260
