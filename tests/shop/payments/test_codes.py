"""Gift card codes: the same request has the same code, and how it is typed does not matter."""

import re

from bottega.shop.payments.codes import code_for, digest_of_code

SECRET = b"secret of the tests"


def test_a_code_is_five_groups_of_four_without_letters_that_look_alike() -> None:
    code = code_for(SECRET, "staff:1 key-1")
    assert re.fullmatch(r"([2-9A-HJ-NP-Z]{4}-){4}[2-9A-HJ-NP-Z]{4}", code)
    assert code == code_for(SECRET, "staff:1 key-1")


def test_other_requests_and_other_secrets_have_other_codes() -> None:
    codes = {code_for(SECRET, f"staff:1 key-{number}") for number in range(1000)}
    assert len(codes) == 1000
    assert code_for(b"another", "staff:1 key-1") not in codes


def test_case_spaces_and_hyphens_do_not_matter() -> None:
    code = code_for(SECRET, "request")
    digest = digest_of_code(SECRET, code)
    assert digest == digest_of_code(SECRET, f" {code.lower().replace('-', ' ')} ")
    assert digest != digest_of_code(SECRET, code[:-1])
    assert len(digest) == 64
