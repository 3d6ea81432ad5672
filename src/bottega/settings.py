"""The settings of one process: a frozen tree read once from the environment and `.env` by the entry points."""

import sys
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bottega.kernel.errors import Invalid

DEVELOPMENT_SECRET = "development-only-secret-do-not-use-in-production"  # noqa: S105 - known on purpose; production refuses it

# A server that listens on every address is reached on this machine by the one of its own.
EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


def default_data_directory() -> Path:
    """The user's own data directory for Bottega."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "bottega"
    return Path.home() / ".local" / "share" / "bottega"


class Settings(BaseSettings):
    """Every setting, its default, and what it does; `docs/settings.md` is generated from here."""

    model_config = SettingsConfigDict(
        env_prefix="BOTTEGA_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    mode: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start with default secrets or sandbox connectors."
    )
    secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        description="At least 32 characters; signs the log and tokens. Losing it makes past signatures unverifiable.",
    )
    data_dir: Path = Field(
        default_factory=default_data_directory, description="Where the embedded database and the log's anchor live."
    )
    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL ≥ 16 with pgvector ≥ 0.8; absent: the embedded server under the data directory.",
    )
    database_connections: Annotated[int, Field(ge=2, le=200)] = Field(
        10, description="Largest number of connections of each of a process's two pools."
    )
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8000, description="Port that the web server listens on.")
    public_url: str = Field(
        "http://127.0.0.1:8000",
        description="The address under which shoppers reach the shop; absent: the host and port that it is served on.",
    )
    web_workers: Annotated[int, Field(ge=1, le=32)] = Field(1, description="Web processes that `serve` starts.")
    payment_gateway: Literal["sandbox", "stripe"] = Field("sandbox", description="Who takes card payments.")
    stripe_api_key: SecretStr | None = Field(None, description="Stripe's secret key.")
    stripe_webhook_secret: SecretStr | None = Field(None, description="Stripe's webhook signing secret.")
    stripe_publishable_key: str = Field(
        "", description="Stripe's publishable key: with it the storefront shows Stripe's own card field."
    )
    stripe_base_url: str = Field("https://api.stripe.com", description="Stripe's address; another one for tests.")
    sandbox_webhook_secret: SecretStr = Field(
        SecretStr("sandbox-webhook-secret"), description="Signs the sandbox gateway's webhooks."
    )
    mailer: Literal["outbox", "smtp"] = Field("outbox", description="`outbox` keeps mail in the database unsent.")
    smtp_host: str = Field("", description="The mail server.")
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="The mail server's port.")
    smtp_encryption: Literal["starttls", "implicit", "none"] = Field("starttls", description="How mail is encrypted.")
    smtp_username: str | None = Field(None, description="Sign-in at the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    mail_sender: str = Field("Bottega <shop@example.org>", description="What stands in From.")
    embedder: Literal["minilm", "openai", "bedrock", "none"] = Field(
        "minilm",
        description="Who turns texts into vectors: `minilm` on this machine, `openai` any server that speaks OpenAI's "
        "`/embeddings`, `bedrock` Amazon Bedrock; `none`: search goes by keyword alone.",
    )
    embedder_model: str | None = Field(None, description="The embedding model's name, for `openai` and `bedrock`.")
    embedder_url: str | None = Field(
        None,
        description="Address of the embedding server, up to and without `/embeddings`; for `bedrock` an endpoint "
        "other than Amazon's.",
    )
    embedder_key: SecretStr | None = Field(None, description="Key for the embedding server, where it wants one.")
    embedder_region: str | None = Field(None, description="Amazon region of the embedding model.")
    embedder_dimensions: Annotated[int, Field(ge=8, le=4000)] | None = Field(
        None, description="Numbers per vector of the embedding model, where they are not known or are to be fewer."
    )
    embedder_query_prefix: str = Field("", description="Words that the embedding model wants before a query.")
    embedder_passage_prefix: str = Field("", description="Words that the embedding model wants before a passage.")
    embedder_weights: Path | None = Field(
        None,
        description="Folder with MiniLM's `model.safetensors` and `tokenizer.json`; absent: the installed package "
        "with them, else what was downloaded.",
    )
    embedder_hub: str | None = Field(
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve",
        description="Where MiniLM's weights are downloaded from when they are not on this machine; empty: never.",
    )
    embedder_precision: Literal["int8", "fp32"] = Field(
        "int8", description="`fp32` computes MiniLM's vectors exactly, in twice the time and with more memory."
    )
    embedder_threads: Annotated[int, Field(ge=1, le=2)] = Field(
        1, description="Threads of the embedder process for indexing; queries have one of their own."
    )
    embedder_idle_seconds: Annotated[float, Field(ge=1)] = Field(
        300, description="How long the embedder process stays after the last shop process has left it."
    )
    models: Path | None = Field(
        None,
        description="File (TOML or JSON) that says which language models there are, see docs/models.md; absent: the "
        "offline engine alone.",
    )
    policy_packs: tuple[Path, ...] = Field(
        (), description="Folders of policy packs loaded after the default pack, as a JSON list."
    )
    document_folders: dict[str, Path] = Field(
        default_factory=dict[str, Path],
        description="Folders of the shop's documents by name, as a JSON object; absent: `documents` under the data "
        "directory.",
    )
    supplier_document_folders: dict[str, Path] = Field(
        default_factory=dict[str, Path],
        description="Folders of other people's documents by name, as a JSON object: they may be read and are never "
        "quoted as what the shop says.",
    )
    approval_hours: Annotated[int, Field(ge=1, le=720)] = Field(72, description="How long an approval waits.")
    journal_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        30, description="How long the journals of agents' runs are kept after they ended."
    )
    conversation_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        180, description="How long conversations with agents are kept after the last message."
    )
    requests_per_minute: Annotated[int, Field(ge=1)] = Field(
        600,
        description="Requests that one address or session may make in a minute to one web process; signing in and "
        "the like get a part of it.",
    )
    event_stream_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        600,
        description="How long a stream of server-sent events is kept open before the client connects again; less than "
        "what a proxy in between allows.",
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Networks whose X-Forwarded-For is believed, as a JSON list; absent: nobody's is."
    )
    webhooks_allow_private: bool = Field(
        False,
        description="Lets webhooks of the shop go to addresses that are not public (private networks, this machine).",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["text", "json"] = Field("text", description="How log lines look.")
    otlp_endpoint: str | None = Field(None, description="OTLP/HTTP collector for spans; absent: no spans are made.")

    @model_validator(mode="before")
    @classmethod
    def _reached_where_it_listens(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Links of a shop that is tried out lead to the port that it was given, not to the usual one."""
        if given.get("public_url") or not (given.get("port") or given.get("host")):
            return given
        host = str(given.get("host") or "127.0.0.1")
        reached = "127.0.0.1" if host in EVERY_ADDRESS else f"[{host}]" if ":" in host else host
        return {**given, "public_url": f"http://{reached}:{given.get('port') or 8000}"}

    @model_validator(mode="after")
    def _production_is_safe(self) -> "Settings":
        if self.mode == "production":
            secret = self.secret.get_secret_value()
            if secret == DEVELOPMENT_SECRET or len(secret) < 32:
                raise ValueError("BOTTEGA_SECRET: set a secret of your own with at least 32 characters")
            if self.payment_gateway == "sandbox":
                raise ValueError("BOTTEGA_PAYMENT_GATEWAY: the sandbox takes no real money; choose stripe")
            if self.mailer == "outbox":
                raise ValueError("BOTTEGA_MAILER: the outbox sends nothing; choose smtp")
            if not self.public_url.startswith("https://"):
                raise ValueError("BOTTEGA_PUBLIC_URL: sign-in cookies travel over https:// alone")
        if self.payment_gateway == "stripe" and not (self.stripe_api_key and self.stripe_webhook_secret):
            raise ValueError("BOTTEGA_STRIPE_API_KEY and BOTTEGA_STRIPE_WEBHOOK_SECRET: both are needed for stripe")
        if self.mailer == "smtp" and not self.smtp_host:
            raise ValueError("BOTTEGA_SMTP_HOST: the mail server is missing")
        if self.embedder in {"openai", "bedrock"} and not self.embedder_model:
            raise ValueError(f"BOTTEGA_EMBEDDER_MODEL: {self.embedder} has several, name one")
        if self.embedder == "openai" and not self.embedder_url:
            raise ValueError("BOTTEGA_EMBEDDER_URL: the embedding server's address is missing")
        return self


def load_settings() -> Settings:
    """Read them; `Invalid` names each setting that is wrong and what it should be, never its value."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] - every field has a default or comes from the environment
    except ValidationError as error:
        reasons = error.errors(include_input=False, include_url=False)
        lines = [f"{'.'.join(map(str, reason['loc'])) or 'settings'}: {reason['msg']}" for reason in reasons]
        raise Invalid("bad_settings", "; ".join(lines), next_step="See docs/settings.md.") from None
    except SettingsError as error:
        raise Invalid("bad_settings", f"{error}: it has to be JSON.", next_step="See docs/settings.md.") from None
