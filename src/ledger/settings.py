"""The settings. The environment is read here and nowhere else.

Each setting is one field below: its variable is `LEDGER_` and the field's name in capitals, its description is what
the documentation prints. A variable that begins with `LEDGER_` and is none of them is an error, because a setting
that is silently ignored is a setting that somebody believes to be in force.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from ledger.errors import Setup

PREFIX = "LEDGER_"


class SettingsError(Setup):
    """A setting is unknown or has no sense; the message names it and says what would."""


def _postgres_url(value: str) -> str:
    if urlsplit(value).scheme not in ("postgres", "postgresql"):
        raise ValueError("must be an address like postgresql://user:password@host:5432/database")
    return value


def _origin(value: str) -> str:
    # It stands in every signed note, on a line of its own, and in the name of the key that signs it.
    if not value or any(each.isspace() or each == "+" or not each.isprintable() for each in value):
        raise ValueError("must be a name like example.org/probation-ledger, without spaces and '+'")
    if len(value.encode()) > 200:  # with what is put after it, a cosignature binds 255 bytes
        raise ValueError("must be at most 200 bytes long")
    return value


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("must be host:port, for example 127.0.0.1:8000")
    return value


def _revision(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}", value):
        raise ValueError("must be a commit or a label like 4c3808d, at most 64 letters, digits and . _ + -")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address like https://login.example/realms/probation")
    return value


def _issuer_url(value: str) -> str:
    parts = urlsplit(_web_address(value))
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("must begin with https://: what it says is believed")
    return value


def _public_url(value: str) -> str:
    if urlsplit(_web_address(value)).path not in ("", "/"):
        raise ValueError("must have no path: https://ledger.example")
    return value.rstrip("/")


def _role_names(value: str) -> str:
    if any(not all(part.strip() for part in each.partition("=")[::2]) for each in value.split(",") if value):
        raise ValueError("must be pairs like PROB_PO=practitioner,PROB_SPO=senior-practitioner")
    return value


DatabaseUrl = Annotated[str, AfterValidator(_postgres_url)]
Origin = Annotated[str, AfterValidator(_origin)]
Address = Annotated[str, AfterValidator(_address)]
Revision = Annotated[str, AfterValidator(_revision)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
IssuerUrl = Annotated[str, AfterValidator(_issuer_url)]
RoleNames = Annotated[str, AfterValidator(_role_names)]
LogLevel = Literal["debug", "info", "warning", "error"]


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Where things are and how the ledger runs. What the law allows is no setting of this kind: that is a fact."""

    home: Path = Field(
        default=Path(".ledger"),
        description="The folder of the embedded databases, the keys and the list of erasures.",
    )
    database_url: DatabaseUrl | None = Field(
        default=None,
        repr=False,
        description="The ledger's PostgreSQL, 15 or newer. Unset: an embedded one in LEDGER_HOME.",
    )
    owner_url: DatabaseUrl | None = Field(
        default=None,
        repr=False,
        description="The same database as the role that owns it, for migrations. Unset: LEDGER_DATABASE_URL.",
    )
    vault_url: DatabaseUrl | None = Field(
        default=None,
        repr=False,
        description="The vault's PostgreSQL, another server with other backups. Unset: an embedded one in LEDGER_HOME.",
    )
    vault_backup_days: int = Field(
        default=35,
        ge=0,
        le=3650,
        description="Days that a backup of the vault is kept: until then what was erased may lie in one.",
    )
    vault_kms_key: str | None = Field(
        default=None,
        description="An AWS KMS key (best an alias) that serves this vault alone: once this names another, `ledger "
        "vault rewrap` has the old one deleted. Where KMS is, and our login: AWS's own variables. Unset: a key file.",
    )
    vault_kms_days: int = Field(
        default=30,
        ge=7,
        le=30,
        description="The waiting period of a KMS key's deletion, in days: until then what was erased has no horizon.",
    )
    origin: Origin | None = Field(
        default=None,
        description="The log's name, which every signed checkpoint carries. Unset: drawn once and kept.",
    )
    listen: Address = Field(
        default="127.0.0.1:8000",
        description="Where the server listens: host:port.",
    )
    log_level: LogLevel = Field(
        default="info",
        description="The least that is logged: debug, info, warning or error.",
    )
    command_deadline: float = Field(
        default=10,
        gt=0,
        le=300,
        allow_inf_nan=False,
        description="Seconds until the outcome of a command that has had no answer is called unknown.",
    )
    commands_at_once: int = Field(
        default=1_000,
        ge=1,
        description="How many commands may be under way in this process; more are told to come back (429).",
    )
    witnesses: Path | None = Field(
        default=None,
        description="A policy (C2SP tlog-policy): the witnesses that checkpoints are sent to, each with its address, "
        "and the quorum without whose cosignatures none leaves by /log/checkpoint. Unset: nobody is asked.",
    )
    witnesses_seconds: float = Field(
        default=10,
        ge=0.1,
        le=3600,
        allow_inf_nan=False,
        description="How often the newest checkpoint is sent to the witnesses.",
    )
    timestamps: str | None = Field(
        default=None,
        description="The address of a timestamping authority (RFC 3161), asked for a token over the checkpoint of each "
        "closing. Unset: nobody is asked.",
    )
    timestamps_roots: Path | None = Field(
        default=None,
        description="Certificates (PEM) that the authority's must lead to. Unset: whose token it is is not checked.",
    )
    public_url: PublicUrl | None = Field(
        default=None,
        description="Where people reach the pages, such as https://ledger.example: where an issuer sends them back to. "
        "Unset: http:// and LEDGER_LISTEN.",
    )
    oidc_issuer: IssuerUrl | None = Field(
        default=None,
        description="The OpenID Connect issuer that says who signs in to the pages, exactly as it names itself. "
        "Unset: nobody is asked, and only a demonstration's links sign in.",
    )
    oidc_client_id: str = Field(default="case-ledger", description="As whom the ledger is known to the issuer.")
    oidc_client_secret: str | None = Field(
        default=None,
        repr=False,
        description="What the ledger proves that with. Unset: it is a public client, and PKCE alone stands for it.",
    )
    oidc_scope: str = Field(default="openid", description="What is asked for, with blanks between; openid is in it.")
    oidc_id_claim: str = Field(
        default="sub",
        description="The claim of the token that holds the random id (UUID, version 4 or 7) of the member of staff.",
    )
    oidc_roles_claim: str = Field(
        default="roles",
        description="The claim that lists their roles; a dot leads into it, as in realm_access.roles.",
    )
    oidc_roles: RoleNames = Field(
        default="",
        description="Which role each of the issuer's names is: PROB_PO=practitioner,PROB_SPO=senior-practitioner. "
        "Unset: they are the ledger's own. What is named nowhere counts for nothing.",
    )
    oidc_unit_claim: str = Field(default="unit", description="The claim that holds their unit, if there is one.")
    revision: Revision | None = Field(
        default=None,
        description="The commit that is running, for /info and /metrics. Unset: not known.",
    )

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> Self:
        """The settings the environment names; an empty variable counts as unset."""
        given = {name: value for name, value in env.items() if name.startswith(PREFIX) and value}
        for name in given:
            _require_known(name, cls)
        try:
            return cls.model_validate({_field(name): value for name, value in given.items()})
        except ValidationError as error:
            raise SettingsError(_explained(error)) from None

    @classmethod
    def documented(cls) -> Iterator[tuple[str, str, str]]:
        """Name, default and meaning of each setting, for the documentation and for the test that compares the two."""
        for field, info in cls.model_fields.items():
            default: Any = info.default
            yield _variable(field), "" if default is None else str(default), info.description or ""

    @property
    def listen_host(self) -> str:
        """The host part of `listen`, without the brackets of an IPv6 address."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def listen_port(self) -> int:
        """The port part of `listen`."""
        return int(self.listen.rpartition(":")[2])

    @property
    def migration_url(self) -> str | None:
        """The address migrations use; None where the database is embedded."""
        return self.owner_url or self.database_url


def _variable(field: str) -> str:
    return PREFIX + field.upper()


def _field(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower()


def _require_known(name: str, settings: type[Settings]) -> None:
    known = [_variable(field) for field in settings.model_fields]
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    raise SettingsError(f"There is no setting {name}; the nearest is {near[0]}. Correct the name, or unset it.")


def _explained(error: ValidationError) -> str:
    """What is wrong, setting by setting, without the values: an address holds a password."""
    problems = (
        f"{_variable(str(each['loc'][0]))}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors(include_input=False, include_url=False)
    )
    return "Some settings make no sense. " + "; ".join(problems) + "."
