"""Everything the bot is told from outside, read once into one frozen object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gitops.errors import ConfigurationError

REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
"""Owner and name of a GitHub repository."""


def _env(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """The bot's settings; each field says the environment variable it comes from.

    Build it with :func:`load`, which turns what is missing or wrong into one sentence for each. Tokens are
    ``SecretStr``: printing the object shows none of them.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    slack_bot_token: SecretStr | None = Field(None, validation_alias=_env("SLACK_BOT_TOKEN"))
    slack_signing_secret: SecretStr | None = Field(None, validation_alias=_env("SLACK_SIGNING_SECRET"))
    slack_app_token: SecretStr | None = Field(None, validation_alias=_env("SLACK_APP_TOKEN"))
    slack_api_url: str = Field("https://slack.com/api/", validation_alias=_env("SLACK_API_URL"))

    github_token: SecretStr | None = Field(None, validation_alias=_env("GITHUB_TOKEN"))
    github_app_id: str | None = Field(None, validation_alias=_env("LAKEPORT_APP_ID"))
    github_app_private_key: SecretStr | None = Field(None, validation_alias=_env("LAKEPORT_APP_PRIVATE_KEY"))
    github_app_installation_id: str | None = Field(
        None, validation_alias=_env("LAKEPORT_APP_INSTALLATION_ID")
    )
    github_api_url: str = Field("https://api.github.com", validation_alias=_env("GITHUB_API_URL"))
    github_server_url: str = Field("https://github.com", validation_alias=_env("GITHUB_SERVER_URL"))
    github_oauth_client_id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9._-]{4,100}$", validation_alias=_env("GITHUB_OAUTH_CLIENT_ID")
    )
    github_webhook_secret: SecretStr | None = Field(None, validation_alias=_env("GITHUB_WEBHOOK_SECRET"))
    repository: str = Field("", validation_alias=_env("LAKEPORT_REPOSITORY"))

    openai_api_key: SecretStr | None = Field(None, validation_alias=_env("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(None, validation_alias=_env("OPENAI_BASE_URL"))
    model_names: str = Field("", validation_alias=_env("LAKEPORT_MODELS", "LAKEPORT_MODEL"))
    tokens_per_person_and_day: int = Field(
        200_000, ge=0, validation_alias=_env("LAKEPORT_TOKENS_PER_PERSON_AND_DAY")
    )
    azure_openai_endpoint: str | None = Field(None, validation_alias=_env("AZURE_OPENAI_ENDPOINT"))
    azure_openai_api_key: SecretStr | None = Field(None, validation_alias=_env("AZURE_OPENAI_API_KEY"))
    azure_openai_api_version: str = Field(
        "2024-10-21", validation_alias=_env("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION")
    )

    timezone: str = Field("UTC", validation_alias=_env("LAKEPORT_TIMEZONE"))
    remind_after_hours: float = Field(4, ge=0, le=200, validation_alias=_env("LAKEPORT_REMIND_AFTER_HOURS"))
    reminders: int = Field(3, ge=0, le=10, validation_alias=_env("LAKEPORT_REMINDERS"))
    patrol_minutes: int = Field(3, ge=0, le=30, validation_alias=_env("LAKEPORT_PATROL_MINUTES"))

    home: Path = Field(Path(".lakeport"), validation_alias=_env("LAKEPORT_HOME"))
    database_url: str = Field("", validation_alias=_env("LAKEPORT_DATABASE_URL"))
    host: str = Field("127.0.0.1", validation_alias=_env("LAKEPORT_HOST"))
    port: int = Field(3000, ge=0, le=65535, validation_alias=_env("LAKEPORT_PORT"))

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @property
    def models(self) -> tuple[str, ...]:
        """The models to ask, in order; the next one answers when one does not."""
        return tuple(dict.fromkeys(name.strip() for name in self.model_names.split(",") if name.strip()))

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(value)
        return value

    @property
    def database(self) -> str:
        """The database's address: ``LAKEPORT_DATABASE_URL``, else a SQLite file below ``home``."""
        return self.database_url or f"sqlite:///{self.home / 'bot.db'}"

    def github_environment(self) -> Mapping[str, str]:
        """The variables that :mod:`gitops.clients` signs in with; holds secrets, never log it."""
        values = {
            "GITHUB_API_URL": self.github_api_url,
            "GITHUB_TOKEN": _open(self.github_token),
            "LAKEPORT_APP_ID": self.github_app_id or "",
            "LAKEPORT_APP_PRIVATE_KEY": _open(self.github_app_private_key),
            "LAKEPORT_APP_INSTALLATION_ID": self.github_app_installation_id or "",
        }
        return {name: value for name, value in values.items() if value}

    def slack_token(self) -> str:
        """The bot's token in clear, for the client that is built from it."""
        return _open(self.slack_bot_token)

    def app_token(self) -> str:
        """The app-level token in clear, empty without Socket Mode."""
        return _open(self.slack_app_token)

    def signing_secret(self) -> str:
        """Slack's signing secret in clear, empty when only Socket Mode is used."""
        return _open(self.slack_signing_secret)

    def webhook_secret(self) -> str:
        """The secret of the GitHub webhook in clear."""
        return _open(self.github_webhook_secret)


def _open(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def load() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: naming every variable that is missing or wrong, and what to do about each.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        # The message of pydantic repeats the value, which may be a secret: only the variable is named.
        names = sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False)})
        raise _unusable([f"{name} has a value that cannot be used." for name in names]) from None
    problems = _missing(settings) + _contradictions(settings)
    if problems:
        raise _unusable(problems)
    return settings


def _unusable(problems: list[str]) -> ConfigurationError:
    return ConfigurationError(
        f"The bot cannot start: {len(problems)} setting(s) are missing or wrong.",
        why="\n".join(f"- {problem}" for problem in problems),
        fix="Set them in the environment and start again.",
        where="settings",
    )


def _missing(settings: Settings) -> list[str]:
    slack_way_in = settings.slack_signing_secret or settings.slack_app_token
    github_sign_in = settings.github_token or settings.github_app_id or settings.github_app_private_key
    needs = (
        (
            settings.slack_bot_token,
            "SLACK_BOT_TOKEN",
            "the Slack app's token (xoxb-…), from OAuth & Permissions",
        ),
        (
            slack_way_in,
            "SLACK_SIGNING_SECRET",
            "from the Slack app's Basic Information; or set SLACK_APP_TOKEN to use Socket Mode",
        ),
        (settings.github_webhook_secret, "GITHUB_WEBHOOK_SECRET", "the secret of the repository's webhook"),
        (settings.repository, "LAKEPORT_REPOSITORY", "the requests repository, such as acme/lakeport"),
        (
            github_sign_in,
            "GITHUB_TOKEN",
            "or LAKEPORT_APP_ID and LAKEPORT_APP_PRIVATE_KEY to sign in as a GitHub App",
        ),
    )
    return [f"{name} is missing: {what}." for value, name, what in needs if not value]


def _contradictions(settings: Settings) -> list[str]:
    found = []
    app = (settings.github_app_id, settings.github_app_private_key)
    if any(app) and not all(app):
        given, other = ("ID", "PRIVATE_KEY") if settings.github_app_id else ("PRIVATE_KEY", "ID")
        found.append(f"LAKEPORT_APP_{given} is set without LAKEPORT_APP_{other}: a GitHub App needs both.")
    if any(app) and settings.github_token:
        found.append(
            "GITHUB_TOKEN and LAKEPORT_APP_* are both set: choose who opens the pull requests, unset one."
        )
    if settings.repository and not REPOSITORY.fullmatch(settings.repository):
        found.append("LAKEPORT_REPOSITORY is not of the form owner/name.")
    if settings.slack_token().startswith("xapp-"):
        found.append("SLACK_BOT_TOKEN holds an app-level token (xapp-…): swap it with SLACK_APP_TOKEN.")
    if settings.app_token().startswith("xoxb-"):
        found.append("SLACK_APP_TOKEN holds a bot token (xoxb-…): swap it with SLACK_BOT_TOKEN.")
    if settings.openai_api_key and not settings.models:
        found.append("OPENAI_API_KEY is set without LAKEPORT_MODELS: name the model, or unset the key.")
    if settings.azure_openai_endpoint and not settings.azure_openai_api_key:
        found.append("AZURE_OPENAI_ENDPOINT is set without AZURE_OPENAI_API_KEY.")
    return found
