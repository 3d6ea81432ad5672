"""Every vendor's connector keeps the chat model contract, against local servers that speak the vendors' formats."""

from tests.contracts.chat_model import AnswerContract, FailureContract


class TestVendors(AnswerContract, FailureContract):
    pass
