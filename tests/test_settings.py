"""Settings: what production refuses, and that no refusal repeats a secret."""

from typing import Any

import pytest

from bottega.cli.serve import PORT, listening_on
from bottega.kernel.errors import Invalid
from bottega.settings import DEVELOPMENT_SECRET, Settings, load_settings

OWN_SECRET = "k" * 40
PRODUCTION: dict[str, Any] = {
    "BOTTEGA_MODE": "production",
    "BOTTEGA_SECRET": OWN_SECRET,
    "BOTTEGA_PAYMENT_GATEWAY": "stripe",
    "BOTTEGA_STRIPE_API_KEY": "stripe-key-of-the-shop",
    "BOTTEGA_STRIPE_WEBHOOK_SECRET": "webhook-secret-of-the-shop",
    "BOTTEGA_MAILER": "smtp",
    "BOTTEGA_SMTP_HOST": "mail.example.org",
    "BOTTEGA_PUBLIC_URL": "https://shop.example.org",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    """An environment that is ready for production, in a folder without `.env`."""
    monkeypatch.chdir(tmp_path)
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_whole_environment_is_accepted(environment: pytest.MonkeyPatch) -> None:
    assert load_settings().mode == "production"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOTTEGA_SECRET", None),
        ("BOTTEGA_SECRET", DEVELOPMENT_SECRET),
        ("BOTTEGA_SECRET", "too short"),
        ("BOTTEGA_PAYMENT_GATEWAY", "sandbox"),
        ("BOTTEGA_PAYMENT_GATEWAY", None),
        ("BOTTEGA_STRIPE_API_KEY", None),
        ("BOTTEGA_STRIPE_WEBHOOK_SECRET", None),
        ("BOTTEGA_MAILER", "outbox"),
        ("BOTTEGA_MAILER", None),
        ("BOTTEGA_SMTP_HOST", None),
        ("BOTTEGA_PUBLIC_URL", "http://shop.example.org"),
        ("BOTTEGA_PUBLIC_URL", None),
    ],
)
def test_production_refuses_to_start_and_names_the_setting(
    environment: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        environment.delenv(name)
    else:
        environment.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        load_settings()
    assert refused.value.code == "bad_settings"
    assert name in str(refused.value)
    for secret in (OWN_SECRET, DEVELOPMENT_SECRET, "stripe-key-of-the-shop", "webhook-secret-of-the-shop"):
        assert secret not in str(refused.value)


def test_development_starts_with_nothing_set(environment: pytest.MonkeyPatch) -> None:
    for name in PRODUCTION:
        environment.delenv(name)
    settings = load_settings()
    assert settings.mode == "development"
    assert settings.trusted_proxies == ()


def test_proxies_are_networks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BOTTEGA_TRUSTED_PROXIES", '["10.0.0.0/8", "2001:db8::/32"]')
    assert [str(network) for network in load_settings().trusted_proxies] == ["10.0.0.0/8", "2001:db8::/32"]
    for wrong in ('["proxy.example.org"]', "10.0.0.0/8"):
        environment.setenv("BOTTEGA_TRUSTED_PROXIES", wrong)
        with pytest.raises(Invalid, match="trusted_proxies"):
            load_settings()


def test_secrets_are_not_shown() -> None:
    settings = Settings(_env_file=None, secret=OWN_SECRET)  # pyright: ignore[reportCallIssue] - pydantic-settings' own
    assert OWN_SECRET not in repr(settings)
    assert OWN_SECRET not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"BOTTEGA_EMBEDDER": "openai", "BOTTEGA_EMBEDDER_URL": "http://localhost/v1"}, "BOTTEGA_EMBEDDER_MODEL"),
        ({"BOTTEGA_EMBEDDER": "openai", "BOTTEGA_EMBEDDER_MODEL": "all-minilm"}, "BOTTEGA_EMBEDDER_URL"),
        ({"BOTTEGA_EMBEDDER": "bedrock"}, "BOTTEGA_EMBEDDER_MODEL"),
        ({"BOTTEGA_EMBEDDER_DIMENSIONS": "5000"}, "embedder_dimensions"),
        ({"BOTTEGA_EMBEDDER_THREADS": "3"}, "embedder_threads"),
        ({"BOTTEGA_EMBEDDER_IDLE_SECONDS": "0"}, "embedder_idle_seconds"),
    ],
)
def test_an_embedder_that_is_not_fully_set_up_is_named(
    environment: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    for name, value in changes.items():
        environment.setenv(name, value)
    with pytest.raises(Invalid) as caught:
        load_settings()
    assert named.casefold() in caught.value.message.casefold()


@pytest.mark.parametrize(
    ("environment_given", "reached"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"BOTTEGA_PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"BOTTEGA_HOST": "0.0.0.0", "BOTTEGA_PORT": "80"}, "http://127.0.0.1:80"),  # noqa: S104 - read, not listened on
        ({"BOTTEGA_HOST": "::1"}, "http://[::1]:8000"),
        ({"BOTTEGA_HOST": "shop.local"}, "http://shop.local:8000"),
        ({"BOTTEGA_PORT": "8123", "BOTTEGA_PUBLIC_URL": "https://shop.example.org"}, "https://shop.example.org"),
    ],
)
def test_links_lead_to_where_the_server_listens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, environment_given: dict[str, str], reached: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment_given.items():
        monkeypatch.setenv(name, value)
    assert load_settings().public_url == reached


def test_a_port_of_the_command_line_is_where_links_lead(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(PORT, "8001")
    settings = listening_on(None, 8002)
    assert (settings.port, settings.public_url) == (8002, "http://127.0.0.1:8002")
    # Processes that are started from here on see the same.
    assert load_settings() == settings
