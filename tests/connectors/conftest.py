"""Failing assertions of the shared contracts show their values, as in the tests themselves."""

import pytest

pytest.register_assert_rewrite("tests.contracts")
