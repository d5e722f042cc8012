"""The settings of the README, made from settings.py: `python -m tests.support.settings_table` writes them into it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from salina_monitor.settings import SETTINGS, Setting

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- settings: made by python -m tests.support.settings_table -->", "<!-- /settings -->"


def table() -> str:
    """One table a group, in the order of settings.py."""
    lines: list[str] = []
    for group, settings in groupby(SETTINGS, key=lambda setting: setting.group):
        lines += [f"**{group}**", "", "| setting | default | what it is |", "|---|---|---|"]
        lines += [f"| `{s.name}` | {_default(s)} | {s.help}{' *Secret.*' if s.secret else ''} |" for s in settings]
        lines.append("")
    return "\n".join(lines)


def _default(setting: Setting) -> str:
    return setting.default_text or (f"`{setting.default}`" if setting.default else "")


def inserted(readme: str) -> str:
    """The README with the tables between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(inserted(README.read_text("utf-8")), "utf-8")
