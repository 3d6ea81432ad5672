"""schemathesis over the whole OpenAPI document, as every kind of caller: no 5xx, no undocumented answer.

BOTTEGA_SCHEMATHESIS_EXAMPLES sets how many requests each operation gets, for longer runs than this one.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.transport import Response

from bottega.bootstrap import load_shop
from bottega.gateway.application import openapi_document
from bottega.platform.database import embedded
from tests.gateway.schemathesis_caller import BASE_URL, CALLERS, Caller, open_caller, with_existing

EXAMPLES = int(os.environ.get("BOTTEGA_SCHEMATHESIS_EXAMPLES", "5"))
SEED = 20261120
EVERY_HEALTH_CHECK: Any = list(hypothesis.HealthCheck)
# What these ask is not of the document, or is asked elsewhere.
LEFT_OUT = {
    "positive_data_acceptance": "a request that fits the schema may still break a rule of the shop (422)",
    "negative_data_rejection": "numbers and booleans may be written as text",
    "ignored_auth": "tests of authorisation enumerate the routes themselves",
    "object_level_authorization": "tests of authorisation enumerate the routes themselves",
    "missing_required_header": "the key of money and orders is tested on its own",
}

load_shop()
SCHEMA = schemathesis.openapi.from_dict(openapi_document())
SCHEMA.config.update(base_url=BASE_URL)
load_all_checks()
CHOSEN: list[Any] = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in LEFT_OUT]
OPERATIONS: list[Any] = [result.ok() for result in cast("Any", SCHEMA.get_all_operations())]


@pytest.fixture(scope="module")
def caller(
    database_server: embedded.Server, database_dropper: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    with open_caller(database_server, database_dropper, tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_operation(caller: Caller, operation: Any) -> None:
    cases = strategies.one_of(
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
    )

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=EVERY_HEALTH_CHECK,
    )
    @hypothesis.given(case=cases, who=strategies.sampled_from(CALLERS), choice=strategies.integers(0, 4))
    def run(case: Case[Any], who: str, choice: int) -> None:
        if choice:
            case.path_parameters = with_existing(case.path_parameters, caller.ids, choice - 1)
            case.body = with_existing(case.body, caller.ids, choice - 1)
        response = caller.send(case, who)
        case.validate_response(response, checks=CHOSEN)

    run()


@pytest.mark.slow
def test_what_one_operation_makes_serves_the_next(caller: Caller) -> None:
    """Whole sequences as the owner: what is created is read, changed and removed by the links between operations."""

    class Sequences(SCHEMA.as_state_machine()):
        def call(self, case: Any, **_: Any) -> Any:
            return Response.from_any(caller.send(case, "owner"))

        def validate_response(self, response: Any, case: Any, additional_checks: Any = None, **_: Any) -> None:
            case.validate_response(response, checks=CHOSEN, additional_checks=additional_checks)

    run_state_machine_as_test(
        hypothesis.seed(SEED)(Sequences),
        settings=hypothesis.settings(
            max_examples=EXAMPLES,
            stateful_step_count=8,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=EVERY_HEALTH_CHECK,
        ),
    )
