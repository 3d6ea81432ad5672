"""The demo shop, which sentences are played against."""

from tests.conversations.conftest import demo_template as demo_template
from tests.conversations.conftest import demo_url as demo_url
