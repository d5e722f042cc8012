"""What the README and docs say exists, and what exists is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from salina_monitor import __version__
from salina_monitor.cli import main
from salina_monitor.settings import SETTINGS
from salina_monitor.verdict import CATALOGUE
from tests.support import rights_table
from tests.support.settings_table import inserted

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
}
LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
# Code names that look like paths of this repository.
PATH = re.compile(r"`((?:salina_monitor|pages|tests|docs)/[\w./-]*|[\w.]+\.(?:py|toml|txt))`")
MACHINE = re.compile(r"/(?:home|Users|root|tmp|work)/|pypi\.org|index-url")


def headings(text: str) -> set[str]:
    """Anchors of a page, as hosts of Markdown make them."""
    lines = (line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


def options(group: click.Group, path: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from options(command, f"{name} ")
        else:
            yield f"{path}{name}"


def test_the_settings_table_is_what_settings_py_says() -> None:
    assert inserted(README) == README, "write it anew with: python -m tests.support.settings_table"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_explained_once(setting: object) -> None:
    name = getattr(setting, "name", "")
    assert README.count(f"| `{name}` |") == 1


def test_no_setting_is_made_up() -> None:
    known = {setting.name for setting in SETTINGS}
    shown = set(re.findall(r"\b(?:MONITOR|INNGEST|CLERK|RESEND|AWS)_[A-Z0-9_]+\b", "".join(TEXTS.values())))
    assert shown <= known


@pytest.mark.parametrize("command", sorted(options(main)))
def test_every_command_is_in_the_readme(command: str) -> None:
    table = README.partition("## Command line")[2].partition("## Settings")[0]
    assert re.search(rf"`{command}[` ]", table)


def test_every_option_of_jobs_is_in_the_readme() -> None:
    names = {option for parameter in main.commands["jobs"].params for option in parameter.opts}
    assert names
    assert all(f"`{name}`" in README for name in names)


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_two_commands_are_there_and_exist(command: str) -> None:
    assert re.search(rf"^{command}\b", README, re.MULTILINE)
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_link_leads_somewhere(name: str) -> None:
    for groups in LINK.findall(TEXTS[name]):
        target = groups[0] or groups[1]
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / name).parent / path if path else ROOT / name
        assert found.exists(), target
        assert not anchor or anchor in headings(found.read_text("utf-8")), target


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_path_that_is_named_exists(name: str) -> None:
    for path in PATH.findall(TEXTS[name]):
        nearby = (
            ROOT / path,
            ROOT / "salina_monitor" / path,
            ROOT / "salina_monitor" / "ui" / path,
            ROOT / "pages" / path,
        )
        assert path == "pages/x.py" or any(place.exists() for place in nearby), path


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_text_names_a_machine_of_ours(name: str) -> None:
    assert not MACHINE.search(TEXTS[name])


def test_every_room_is_in_the_architecture() -> None:
    rooms = [path for path in (ROOT / "salina_monitor").iterdir() if path.name[0] not in "_." and path.name != "static"]
    for room in rooms:
        if room.is_dir() and not (room / "__init__.py").exists():
            continue
        assert f"`salina_monitor/{room.name}{'/' if room.is_dir() else ''}`" in TEXTS["docs/architecture.md"], room.name


def test_the_changelog_has_the_version_and_a_place_for_what_comes() -> None:
    versions = re.findall(r"^## \[(.+?)\]", CHANGELOG, re.MULTILINE)
    assert versions[:2] == ["Unreleased", __version__]


def test_the_table_of_rights_is_what_the_policy_says() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert rights_table.inserted(text) == text, "write it anew with: python -m tests.support.rights_table"


def test_everything_the_verdict_can_say_is_explained_with_its_level_and_step() -> None:
    table = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", TEXTS["docs/verdict.md"], re.MULTILINE)
    meant = [(c.value, m.level.value, m.step.format(service="(service)") or "—") for c, m in CATALOGUE.items()]
    assert table == meant


def test_the_licence_is_the_one_that_is_said() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n\nCopyright (c) 2026 Salina Monitor contributors\n")
    assert "LICENSE](LICENSE) (MIT)" in README
