"""All settings, read once: defaults, a TOML file, the environment, the command line, in this order.

The environment is read here and nowhere else. Secrets are kept apart in `<data_dir>/secrets.toml`,
made on the first start and readable by its owner only; the environment takes precedence:
JIESU_VAULT_KEY, JIESU_INDEX_KEY, JIESU_TRACK_KEY, JIESU_HOOK_<source>_<city>, each also as a file
(`..._FILE`), or a whole mounted file as JIESU_SECRETS_FILE.
"""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from intake.services import Hook, Secrets, VaultKey, fresh_secrets
from intake.services import Settings as IntakeSettings
from models.errors import Unavailable

_DEFAULTS: Final = Path(__file__).with_name("jiesu.toml")
_PREFIX: Final = "JIESU_"
_KEYS: Final = ("index_key", "track_key")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this installation runs; see jiesu.toml for each field."""

    database_url: str | None = None
    data_dir: Path = Path(".jiesu")
    host: str = "127.0.0.1"
    port: int = 8080
    cities: tuple[str, ...] = ("430100", "530100")
    workers: int = 1
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    worker_metrics_port: int = 0
    callbacks: dict[str, dict[str, str]] = {}
    intake: IntakeSettings = IntakeSettings()


def load_settings(config: Path | None = None, **given: object) -> Settings:
    """Load the settings; `given` are those of the command line, None where not given.

    Raises Unavailable `settings_invalid` naming the field that is wrong.
    """
    layers = [_read(_DEFAULTS)]
    chosen = config or (Path(os.environ["JIESU_CONFIG"]) if "JIESU_CONFIG" in os.environ else None)
    if chosen:
        layers.append(_read(chosen))
    layers += [_from_environment(os.environ), {k: v for k, v in given.items() if v is not None}]
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _overlay(merged, layer)
    try:
        settings = msgspec.convert(merged, Settings, strict=False, dec_hook=_read_path)
    except msgspec.ValidationError as error:
        raise Unavailable("settings_invalid", f"配置有误:{error}") from error
    return msgspec.structs.replace(settings, data_dir=settings.data_dir.expanduser().resolve())


def ensure_secrets(settings: Settings) -> Secrets:
    """Give the secrets, making those that are missing; what exists is never changed."""
    held = _stored_secrets(settings)
    secrets = fresh_secrets(settings.cities, held)
    if secrets != held:
        _store(secrets, _secrets_file(settings))
    return _overruled(secrets, os.environ) or secrets


def load_secrets(settings: Settings) -> Secrets:
    """Give the secrets of an installation that has them; Unavailable `secrets_missing` if not."""
    held = _overruled(_stored_secrets(settings), os.environ)
    if held is None:
        detail = (
            f"没有密钥文件 {_secrets_file(settings)}:请先运行 jiesu up"
            "(它用了 --data 的,这里也要用同一个),或设 JIESU_SECRETS_FILE。"
        )
        raise Unavailable("secrets_missing", detail)
    return held


def for_child(settings: Settings, dsn: str) -> dict[str, str]:
    """Give the environment under which a child process loads these same settings."""
    values = msgspec.to_builtins(settings, enc_hook=str) | {"database_url": dsn}
    own = {_PREFIX + key.upper(): _as_text(v) for key, v in values.items() if key != "intake"}
    nested = {f"{_PREFIX}INTAKE_{key.upper()}": _as_text(v) for key, v in values["intake"].items()}
    # Fewer arenas: a worker's threads would else keep memory that they no longer need.
    return {"MALLOC_ARENA_MAX": "2", **os.environ, **own, **nested}


def _read_path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise msgspec.ValidationError(f"Expected `{kind.__name__}`")


def _as_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Unavailable("settings_unreadable", f"无法读取配置文件 {path}:{error}") from error


def _overlay(base: dict[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    nested = {
        key: _overlay(base[key], value)
        for key, value in top.items()
        if isinstance(value, dict) and isinstance(base.get(key), dict)
    }
    return {**base, **top, **nested}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found = dict(_variables(Settings, _PREFIX, environ))
    nested = dict(_variables(IntakeSettings, f"{_PREFIX}INTAKE_", environ))
    return {**found, "intake": nested}


def _variables(
    kind: type[msgspec.Struct], prefix: str, environ: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(kind):
        text = _variable(prefix + field.name.upper(), environ)
        if text is None:
            continue
        if isinstance(field.default, tuple):
            yield field.name, [part.strip() for part in text.split(",") if part.strip()]
        elif text.startswith("{"):
            yield field.name, msgspec.json.decode(text)
        else:
            yield field.name, text


def _variable(name: str, environ: Mapping[str, str]) -> str | None:
    """Give a variable's value, or the content of the file that `<name>_FILE` names."""
    path = environ.get(f"{name}_FILE")
    if path is None:
        return environ.get(name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unavailable("settings_unreadable", f"无法读取 {name}_FILE:{error}") from error


def _secrets_file(settings: Settings) -> Path:
    mounted = os.environ.get("JIESU_SECRETS_FILE")
    return Path(mounted) if mounted else settings.data_dir / "secrets.toml"


def _stored_secrets(settings: Settings) -> Secrets | None:
    path = _secrets_file(settings)
    if not path.exists():
        return None
    try:
        return msgspec.convert(_read(path), Secrets)
    except msgspec.ValidationError as error:
        raise Unavailable("secrets_invalid", f"密钥文件 {path} 有误:{error}") from error


def _overruled(held: Secrets | None, environ: Mapping[str, str]) -> Secrets | None:
    """Lay the keys and hook secrets of the environment over the stored ones."""
    vault = _variable("JIESU_VAULT_KEY", environ)
    keys = {name: _variable(f"{_PREFIX}{name.upper()}", environ) for name in _KEYS}
    if held is None and not (vault and all(keys.values())):
        return None
    base = held or Secrets(vault_keys=(), index_key="", track_key="")
    given: dict[str, Any] = {name: value for name, value in keys.items() if value}
    if vault:
        given["vault_keys"] = (VaultKey(version=1, key=vault),)
    hooks = tuple(_hook(hook, environ) for hook in base.hooks)
    return msgspec.structs.replace(base, hooks=hooks, **given)


def _hook(hook: Hook, environ: Mapping[str, str]) -> Hook:
    secret = _variable(f"JIESU_HOOK_{hook.source}_{hook.city}", environ)
    return msgspec.structs.replace(hook, secret=secret) if secret else hook


def _store(secrets: Secrets, path: Path) -> None:
    """Write the file whole or not at all, never readable by others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(_toml(secrets)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _toml(secrets: Secrets) -> Iterator[str]:
    yield "# 密钥:勿外传,勿修改,须与数据一同备份。丢失后无法解密身份信息。"
    yield f"index_key = {json.dumps(secrets.index_key)}"
    yield f"track_key = {json.dumps(secrets.track_key)}"
    for name, items in (("vault_keys", secrets.vault_keys), ("hooks", secrets.hooks)):
        for item in items:
            yield f"\n[[{name}]]"
            yield from (
                f"{key} = {json.dumps(value)}" for key, value in msgspec.to_builtins(item).items()
            )
    yield ""
