"""Where things live and how much is allowed: environment (``SIGHTLINE_...``) over ``config.toml`` over these defaults.

`SIGHTLINE_HOME` moves all of it, configuration included, into one folder.
"""

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from indexer.errors import CatalogError

APP = "sightline"


class Settings(BaseSettings):
    """Everything that can be set. Unknown keys in ``config.toml`` are errors."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="SIGHTLINE_", extra="forbid", frozen=True
    )

    home: Path | None = Field(None, description="one folder for everything; the platform's usual places when not set")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the catalog; SQLite in the data folder when not set"
    )
    encoder: str = Field(
        "starter", description="what clipcore.load_encoder takes: 'starter', a path, 'ViT-B-32/openai'"
    )
    encoder_architecture: str | None = Field(
        None, description="as open_clip spells it, where a weights file does not say"
    )
    encoder_runtime: Literal["torch", "onnx"] | None = None
    encoder_precision: Literal["auto", "fp32", "bf16", "int8"] = Field(
        "auto", description="auto: the fastest whose vectors agree with fp32; a change means indexing anew"
    )
    weights: Path | None = Field(
        None, description="a folder of weights that is looked in before any download: ARCHITECTURE/TAG.safetensors"
    )
    vectors: str = Field("faiss", description="where vectors are searched: 'faiss' in this process, or a Qdrant's URL")
    vector_index: Literal["auto", "exact", "rabitq", "ivf", "gpu"] = Field(
        "auto", description="the kind of FAISS index; auto: by the number of vectors and the memory they may take"
    )
    vector_memory: int = Field(4 << 30, ge=1, description="bytes of vectors to keep in memory for exact search")
    exclude: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="gitignore's patterns of what is left out; in the environment one a line"
    )
    batch_size: int = Field(32, ge=1, le=1024, description="photos encoded, and committed, together")
    decode_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    decode_seconds: float = Field(10.0, gt=0, description="processor time after which a file is given up")
    decode_memory_bytes: int = Field(1 << 30, ge=1 << 28, description="memory of a process that decodes (Linux)")
    max_file_bytes: int = Field(1 << 30, description="larger files are not read")
    max_pixels: int = Field(120_000_000, description="larger pictures are not decoded (JPEGs: after scaled decoding)")

    token: SecretStr | None = Field(
        None, min_length=16, description="asked of every client; made and kept in the data folder where one is needed"
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names under which the server answers, behind a proxy for one; in the environment one a line"
    )
    requests_per_second: float = Field(100.0, gt=0, description="of one client that has to show a token")
    max_upload_bytes: int = Field(64 << 20, ge=1 << 16, description="of one request")
    max_upload_pixels: int = Field(50_000_000, ge=1, description="of a picture to search with")
    allow_folders_from_api: bool | None = Field(
        None,
        description="whether folders may be added and removed over the API; where no token is asked for when not set",
    )
    fetch_urls: bool = Field(False, description="whether a picture to search with may be given as a URL")

    @field_validator("vectors")
    @classmethod
    def _where(cls, value: str) -> str:
        if value in ("faiss", ":memory:") or "://" in value or os.path.isabs(value):
            return value
        raise ValueError(f"expected faiss, or a Qdrant's URL such as http://localhost:6333; got {value!r}")

    @field_validator("exclude", "allowed_hosts", mode="before")
    @classmethod
    def _lines(cls, value: Any) -> Any:
        return value.splitlines() if isinstance(value, str) else value

    @property
    def data_folder(self) -> Path:
        """Catalog, vectors and thumbnails."""
        return self.home.expanduser() if self.home else platformdirs.user_data_path(APP)

    @property
    def catalog_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'catalog.sqlite3'}"

    @property
    def token_file(self) -> Path:
        return self.data_folder / "token"

    @property
    def thumbnails_folder(self) -> Path:
        return self.data_folder / "thumbnails"

    @property
    def vectors_folder(self) -> Path:
        return self.data_folder / "vectors"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config_file())


def config_file() -> Path:
    """``config.toml`` in `SIGHTLINE_HOME`, or where the platform keeps configuration."""
    home = os.environ.get("SIGHTLINE_HOME")
    return (Path(home).expanduser() if home else platformdirs.user_config_path(APP)) / "config.toml"


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; `overrides` (the command line) win over all.

    Raises:
        CatalogError: a setting has a value that cannot be, or a name that is not known.
    """
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise CatalogError(f"setting {name} ({config_file()} or SIGHTLINE_{name.upper()}): {reason}") from error
    except ValueError as error:
        raise CatalogError(f"{config_file()} is not TOML: {error}") from error
