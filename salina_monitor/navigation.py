"""Every page once: its address, the right it needs, its place. A page that is not here is served to nobody.

The script builds its navigation from this table, the gate opens these addresses and no others, and the
tests try each of them as each role.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from salina_monitor.models import User
from salina_monitor.policy import Right, allows

BASE = "/admin"
SCRIPTS = Path(__file__).parents[1] / "pages"


@dataclass(frozen=True, slots=True)
class PageRule:
    """One page: `path` below `BASE`, which is also its script's name, and whether the navigation lists it."""

    path: str
    title: str
    icon: str
    right: Right
    listed: bool = True

    @property
    def script(self) -> Path:
        return SCRIPTS / f"{self.path}.py"

    @property
    def address(self) -> str:
        return f"{BASE}/{self.path}"


PAGES: tuple[PageRule, ...] = (
    PageRule("system", "System", ":material/dns:", Right.VIEW_SYSTEM),
    PageRule("job", "Job", ":material/work:", Right.VIEW_SYSTEM, listed=False),
    PageRule("bulk", "Many jobs", ":material/checklist:", Right.VIEW_SYSTEM, listed=False),
    PageRule("failures", "Failures", ":material/error:", Right.VIEW_SYSTEM),
    PageRule("health", "Health", ":material/monitor_heart:", Right.VIEW_SYSTEM),
    PageRule("activity", "Activity", ":material/history:", Right.VIEW_ACTIVITY),
)
ACCOUNT = "account"
"""The one page of everybody who is signed in: their own password and sessions."""

HOME = f"{BASE}/system"


def paths() -> tuple[str, ...]:
    """Every path a page of ours has, below `BASE`."""
    return (*(page.path for page in PAGES), ACCOUNT)


def pages_of(user: User) -> tuple[PageRule, ...]:
    """The pages this user may open now."""
    return tuple(page for page in PAGES if allows(user, page.right))
