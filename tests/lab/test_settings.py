"""The settings file: read in whole or refused in one line, and changed without touching what stands around."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuilab.lab.settings import Settings, SettingsError, keep, load, place


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_usual_settings(tmp_path: Path) -> None:
    assert load(tmp_path / "config.toml") == Settings()
    assert load(written(tmp_path, "")) == Settings()
    assert load(written(tmp_path, "# nothing yet\n")) == Settings()


def test_all_of_it(tmp_path: Path) -> None:
    text = (
        'theme = "nord"\nlanguage = "ko"\nrefresh = 10\nhints = false\n[keys]\nsave = "ctrl+s"\nrun = ["space", "f5"]\n'
    )
    wanted = Settings("nord", "ko", 10, False, {"save": ("ctrl+s",), "run": ("space", "f5")})
    assert load(written(tmp_path, text)) == wanted


@pytest.mark.parametrize(("text", "told"), [
    ('langauge = "ko"', "langauge: no such setting, allowed: theme, language, .*did you mean 'language'"),
    ('language = "fr"', "language: found 'fr', expected \"en\" or \"ko\""),
    ("refresh = 500", "refresh: found 500, expected a whole number from 2 to 60"),
    ("refresh = true", "refresh: found True"),
    ("theme = 3", "theme: found 3, expected the name of a theme"),
    ('hints = "no"', "hints: found 'no', expected true or false"),
    ('keys = "save"', "keys: found 'save', expected a table"),
    ("[keys]\nsave = 3", r"keys\.save: found 3, expected a key or a list"),
    ("[keys]\nsave = []", r"keys\.save: found \[\], expected a key"),
    ("theme = ", "line 1, at the end: not TOML"),
    ("\x00", "binary file"),
])  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(text: str, told: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError, match=told) as error:
        load(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="found a directory"):
        load(tmp_path)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        assert isinstance(load(path), Settings)
    except SettingsError as error:
        assert "\n" not in str(error)


def test_keeping_one_setting_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "config.toml"
    keep("language", "ko", path)
    assert path.read_text() == 'language = "ko"\n'
    path.write_text('# mine\nlanguage = "ko"  # Korean\n\n[keys]\nlanguage = "x"\nsave = "ctrl+s"\n')
    keep("language", "en", path)
    assert path.read_text() == '# mine\nlanguage = "en" # Korean\n\n[keys]\nlanguage = "x"\nsave = "ctrl+s"\n'
    keep("hints", False, path)
    assert load(path) == Settings(hints=False, keys={"language": ("x",), "save": ("ctrl+s",)})
    assert "# mine" in path.read_text()


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    path = written(tmp_path, "theme = [")
    with pytest.raises(ValueError, match="not TOML"):
        keep("language", "ko", path)
    assert path.read_text() == "theme = ["


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    real = written(tmp_path, "refresh = 8\n")
    link = tmp_path / "link.toml"
    link.symlink_to(real)
    keep("hints", False, link)
    assert link.is_symlink() and load(real) == Settings(refresh=8, hints=False)


def test_the_place_is_the_platforms_or_the_one_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert place().parts[-2:] == ("tuilab", "config.toml")
    monkeypatch.setenv("TUILAB_CONFIG", str(tmp_path / "mine.toml"))
    assert place() == tmp_path / "mine.toml"
