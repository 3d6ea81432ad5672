"""The fixtures of the Stripe connector's tests."""

from tests.fakes.stripe_fixtures import fault_proxy, localstripe_url

__all__ = ["fault_proxy", "localstripe_url"]
