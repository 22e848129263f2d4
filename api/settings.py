"""The settings of the service: from the environment (`REVERDURE_*`) or from a TOML file, read once."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from geo import clock
from geo.errors import InvalidInput, Refused
from geo.words import Lang

CONFIG_VARIABLE = "REVERDURE_CONFIG"


class NotLoopback(Refused):
    """The service would be open to the network."""

    template = "{host} is not this machine: until there are accounts, the service binds 127.0.0.1 or ::1 only"


class BadSettings(InvalidInput):
    """The environment or the settings file holds a value that cannot be taken."""

    template = "settings: {problems}"


class Settings(BaseSettings):
    """Every setting, with its default.

    A value given to the constructor beats `REVERDURE_<NAME>` in the environment, which beats the TOML file
    that `REVERDURE_CONFIG` names. An unknown name in the file is an error.
    """

    model_config = SettingsConfigDict(env_prefix="REVERDURE_", extra="forbid", frozen=True)

    store: str = Field("data/reverdure.gpkg", description="Path or URL of the store.")
    host: str = Field("127.0.0.1", description="The address to listen on; this machine only.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on.")
    timezone: str | None = Field(
        None,
        description="IANA name of the zone in which 'today' is meant; the machine's own where it is not set.",
    )
    lang: Lang = Field(
        "en", description="The language where neither the request nor the browser asks for one."
    )
    actor: str = Field(
        "local", min_length=1, max_length=100, description="Under which name changes are recorded."
    )
    legends: Path | None = Field(None, description="A folder of further legend tables, one CSV a product.")
    basemap_url: str | None = Field(
        None,
        description="A tile address with {z}, {x} and {y} for the maps' background; none by default.",
    )
    basemap_attribution: str = Field("", description="Who is to be named on the background map.")
    auth: Literal["auto", "on"] = Field(
        "auto", description="`on` asks everybody to sign in; `auto` does so once there is an account."
    )
    public_read: bool = Field(False, description="Whether anybody may read without signing in.")
    public_url: str | None = Field(
        None, description="The address under which people reach the service, where it is not its own."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of proxies whose X-Forwarded headers are believed, parted by commas."
    )
    session_idle_minutes: int = Field(120, ge=5, description="After how much idleness a session ends.")
    session_hours: int = Field(12, ge=1, le=24 * 30, description="After what time a session ends anyway.")
    token_days: int = Field(365, ge=1, description="For how many days a token may be good at most.")
    oidc_issuer: str | None = Field(None, description="The issuer of an OpenID Connect single sign-on.")
    oidc_client_id: str = Field("", description="How the single sign-on knows this service.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="What it shares with the single sign-on."
    )
    oidc_scopes: str = Field("openid profile email", description="What the single sign-on is asked for.")
    worker: bool = Field(True, description="Whether this process works off the queue of runs.")
    workers: int = Field(
        1, ge=1, le=256, description="How many processes of this machine compute the shards of a run."
    )
    dask: str | None = Field(
        None, description="Address of a Dask scheduler (tcp://host:port) whose workers compute them instead."
    )
    max_body_mb: float = Field(8, gt=0, description="The largest body of a request, in MB.")
    max_upload_mb: float = Field(512, gt=0, description="The largest file that an import may bring, in MB.")
    max_attachment_mb: float = Field(
        25, gt=0, description="The largest photo or report that may be attached to a site, in MB."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Further names under which this machine may be addressed, parted by commas."
    )

    @field_validator("allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        clock.zone(value)
        return value or None

    @field_validator("basemap_url")
    @classmethod
    def _basemap(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or "{z}" not in value:
            raise ValueError("must be an http(s) address with {z}, {x} and {y}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources, the strongest first: constructor, environment, TOML file."""
        del dotenv_settings, file_secret_settings
        config = os.environ.get(CONFIG_VARIABLE)
        file = (TomlConfigSettingsSource(settings_cls, toml_file=config),) if config else ()
        return (init_settings, env_settings, *file)

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("must be an http(s) address")
        return value.rstrip("/")

    @property
    def binds_loopback(self) -> bool:
        """Whether only this machine reaches the service."""
        return is_loopback(self.host)

    @property
    def basemap_origin(self) -> str | None:
        """Scheme and host of the background map, for the content policy; None where there is none."""
        if self.basemap_url is None:
            return None
        parts = urlsplit(self.basemap_url)
        return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"


def read_settings() -> Settings:
    """The settings of environment and file. Raises: BadSettings."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()]
        raise BadSettings(problems="; ".join(problems)) from error


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("[::1]"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
