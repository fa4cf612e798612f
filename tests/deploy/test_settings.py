"""Settings: four layers, each over the one before; secrets made once and kept."""

import os
from pathlib import Path

import msgspec
import pytest

from deploy.settings import (
    Settings,
    ensure_secrets,
    for_child,
    load_secrets,
    load_settings,
)
from models.errors import Unavailable


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take our variables out of the environment and work in an empty folder."""
    for name in [name for name in os.environ if name.startswith("JIESU_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_shipped_defaults_are_those_of_the_code() -> None:
    """The commented file says what holds without it; the data folder is in the current one."""
    assert load_settings() == Settings(data_dir=Path.cwd() / ".jiesu")


def test_each_layer_lies_over_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File over defaults, environment over file, command line over environment."""
    config = tmp_path / "own.toml"
    config.write_text('port = 1\nhost = "a"\nworkers = 7\n[intake]\nbatch_limit = 9\n', "utf-8")
    monkeypatch.setenv("JIESU_HOST", "b")
    monkeypatch.setenv("JIESU_WORKERS", "8")
    monkeypatch.setenv("JIESU_INTAKE_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")
    settings = load_settings(config, workers=9, port=None)
    assert (settings.port, settings.host, settings.workers) == (1, "b", 9)
    assert settings.intake.batch_limit == 9
    assert settings.intake.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")


def test_the_file_can_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JIESU_CONFIG stands in for --config."""
    (tmp_path / "own.toml").write_text("port = 4\n", "utf-8")
    monkeypatch.setenv("JIESU_CONFIG", str(tmp_path / "own.toml"))
    assert load_settings().port == 4


def test_a_value_can_come_from_a_mounted_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`<name>_FILE` names the file that holds the value."""
    (tmp_path / "dsn").write_text("postgresql://somewhere/db\n", "utf-8")
    monkeypatch.setenv("JIESU_DATABASE_URL_FILE", str(tmp_path / "dsn"))
    assert load_settings().database_url == "postgresql://somewhere/db"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("port = 'eighty'", "settings_invalid"),
        ("prot = 80", "settings_invalid"),
        ("log_format = 'loud'", "settings_invalid"),
        ("port = ", "settings_unreadable"),
    ],
)
def test_a_mistake_is_told_by_name(tmp_path: Path, text: str, code: str) -> None:
    """Wrong types, unknown names and broken files are refused, never passed over."""
    (tmp_path / "own.toml").write_text(text, "utf-8")
    with pytest.raises(Unavailable, match=code):
        load_settings(tmp_path / "own.toml")


def test_a_child_loads_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything passes through the environment, address and nested parts included."""
    addresses = {"430100": {"12345": "http://127.0.0.1:9/callback"}}
    settings = load_settings(port=1234, cities=["430100"], callbacks=addresses)
    for name, value in for_child(settings, "postgresql:///x?host=%2Frun").items():
        monkeypatch.setenv(name, value)
    expected = msgspec.structs.replace(settings, database_url="postgresql:///x?host=%2Frun")
    assert load_settings() == expected


def test_secrets_are_made_once_for_their_owner_only() -> None:
    """The second start finds the same ones; nobody else may read the file."""
    settings = load_settings()
    made = ensure_secrets(settings)
    file = settings.data_dir / "secrets.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert ensure_secrets(settings) == made == load_secrets(settings)
    assert {(hook.source, hook.city) for hook in made.hooks} == {
        (source, city) for source in ("12345", "12369") for city in settings.cities
    }


def test_a_new_city_gets_its_secrets_and_the_others_keep_theirs() -> None:
    """What exists is never changed."""
    first = ensure_secrets(load_settings(cities=["430100"]))
    second = ensure_secrets(load_settings(cities=["430100", "530100"]))
    assert second.hooks[: len(first.hooks)] == first.hooks
    assert len(second.hooks) == 2 * len(first.hooks)
    assert second.vault_keys == first.vault_keys


def test_secrets_of_the_environment_take_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or a hook's secret can be given from outside and is not written down."""
    settings = load_settings()
    ensure_secrets(settings)
    monkeypatch.setenv("JIESU_VAULT_KEY", "ab" * 32)
    monkeypatch.setenv("JIESU_HOOK_12345_430100", "agreed-with-the-hotline")
    given = load_secrets(settings)
    assert given.vault_keys[0].key == "ab" * 32
    hook = given.hook("12345", "430100")
    assert hook
    assert hook.secret == "agreed-with-the-hotline"
    assert "ab" * 32 not in (settings.data_dir / "secrets.toml").read_text("utf-8")


def test_an_installation_without_secrets_says_how_to_get_them() -> None:
    """A part that must not make secrets of its own refuses to start without."""
    with pytest.raises(Unavailable, match="secrets_missing"):
        load_secrets(load_settings())


def test_secrets_do_not_show_in_what_is_printed() -> None:
    """Neither the whole nor an error shows a key."""
    secrets = ensure_secrets(load_settings())
    shown = repr(secrets) + str(secrets)
    assert secrets.index_key not in shown
    assert all(hook.secret not in shown for hook in secrets.hooks)
