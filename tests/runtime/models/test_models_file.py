"""The models' file: what it may say, and how it is told what is wrong."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bottega.kernel.errors import Invalid
from bottega.runtime.models.budgets import BudgetLimits, PeriodLimits
from bottega.runtime.models.models_file import LARGEST_FILE_BYTES, read_models

ROUTE: dict[str, Any] = {
    "name": "llama",
    "provider": "compatible",
    "model": "llama3.2",
    "level": "local",
    "base_url": "http://127.0.0.1:11434/v1",
}


def written(folder: Path, content: Any, name: str = "models.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def reason(folder: Path, content: Any, name: str = "models.json") -> str:
    with pytest.raises(Invalid) as caught:
        read_models(written(folder, content, name))
    assert caught.value.code == "bad_models_file"
    return caught.value.message


def test_no_file_means_no_models() -> None:
    models = read_models(None)
    assert (models.routes, models.currency, models.budgets.limits()) == ((), "USD", BudgetLimits())


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/models.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    models = read_models(written(tmp_path, example, "models.toml"))
    assert [(route.name, route.level, route.provider) for route in models.routes] == [
        ("haiku", "small", "anthropic"),
        ("llama", "local", "compatible"),
    ]
    assert models.intents == {"default": ("small", "local"), "faq": ("offline", "small")}
    assert models.budgets.limits() == BudgetLimits(
        PeriodLimits(20_000_000, 300_000_000), {"assistant": PeriodLimits(10_000_000)}, 500_000
    )


def test_a_price_keeps_its_digits(tmp_path: Path) -> None:
    toml = "".join(f'{name} = "{value}"\n' for name, value in ROUTE.items())
    models = read_models(
        written(tmp_path, f"[[routes]]\n{toml}price = {{ input = 0.075, output = 0.3 }}\n", "models.toml")
    )
    assert models.routes[0].price is not None
    assert (models.routes[0].price.input, models.routes[0].price.output) == (Decimal("0.075"), Decimal("0.3"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"routes": [ROUTE | {"level": "huge"}]}, "routes.0.level: Input should be 'local', 'small' or 'large'"),
        ({"routes": [ROUTE | {"key": "sk-123"}]}, "routes.0.key: Extra inputs are not permitted"),
        ({"routes": [ROUTE, ROUTE]}, "two routes are named llama"),
        ({"routes": [ROUTE | {"name": "offline"}]}, "'offline' is the name of the engine that is always there"),
        ({"routes": [ROUTE | {"base_url": None}]}, "base_url is missing"),
        ({"routes": [ROUTE | {"base_url": "ftp://x"}]}, "routes.0.base_url"),
        ({"routes": [ROUTE | {"provider": "openai", "base_url": None}]}, "key_env is missing"),
        ({"routes": [ROUTE | {"level": "small"}]}, "price is missing"),
        ({"routes": [ROUTE | {"tries": 0}]}, "routes.0.tries"),
        ({"currency": "EUR"}, "per_dollar is missing"),
        ({"intents": {"chat": []}}, "intents.chat"),
        ({"intents": {"chat": ["small", "small"]}}, "intents.chat"),
        ({"budgets": {"shop": {"week": 1}}}, "budgets.shop.week"),
        ({"budgets": {"run": -1}}, "budgets.run"),
        ([], "the file: "),
        ("{", "Expecting property name"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, content: Any, told: str) -> None:
    message = reason(tmp_path, content)
    assert message.startswith("models.json: ")
    assert told in message
    assert "sk-123" not in message


def test_toml_that_is_none(tmp_path: Path) -> None:
    assert "models.toml: " in reason(tmp_path, "routes = [", "models.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="there is no such file"):
        read_models(tmp_path / "nowhere.toml")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    assert "more than" in reason(tmp_path, " " * (LARGEST_FILE_BYTES + 1))
