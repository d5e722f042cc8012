"""The table of rights in SECURITY.md, made from the policy: `python -m tests.support.rights_table` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

from salina_monitor.models import Role
from salina_monitor.policy import RIGHTS, Right

FILE = Path(__file__).parents[2] / "SECURITY.md"
MEANING = {
    Right.VIEW_SYSTEM: "see health, numbers and jobs",
    Right.VIEW_JOB_INPUT: "look into the input of a job",
    Right.RERUN: "run a job again",
    Right.CANCEL: "cancel a job",
    Right.TRIAGE: "resolve or ignore a group of failures",
    Right.EXPORT: "take a list away as a file",
    Right.RECEIVE_ALERTS: "be told of trouble by mail",
    Right.VIEW_ACTIVITY: "see what people did",
    Right.MANAGE_USERS: "add, change and shut out users, end sessions",
}
_PLACE = re.compile(r"(<!-- rights: .*? -->\n).*?(<!-- /rights -->)", re.DOTALL)


def inserted(text: str) -> str:
    """`text` with the table as the policy has it now."""
    head = ["right", "what it allows", *(role.value for role in Role)]
    rows = [head, ["---"] * len(head)]
    for right in Right:
        marks = ["yes" if right in RIGHTS[role] else "" for role in Role]
        rows.append([f"`{right.value}`", MEANING[right], *marks])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return _PLACE.sub(lambda match: f"{match[1]}\n{table}\n\n{match[2]}", text)


if __name__ == "__main__":
    FILE.write_text(inserted(FILE.read_text("utf-8")), "utf-8")
