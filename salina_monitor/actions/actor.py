"""Who acts, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass

from salina_monitor.activity import Activity, Entry, Kind, Origin, Outcome
from salina_monitor.models import User
from salina_monitor.policy import Denied, Right, allows


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in user at the moment of a click: as the store knew them then, and where they sit."""

    user: User
    session_id: int
    address: str

    def origin(self, why: str = "") -> Origin:
        """Who and where from, with the reason they gave."""
        return Origin(self.user.name, self.address, why)


def permit(activity: Activity, actor: Actor, right: Right, target: str = "") -> None:
    """Raises Denied, after the refusal was written down, unless the actor has the right."""
    if not allows(actor.user, right):
        detail = {"right": right.value}
        activity.add(Entry(Kind.ACCESS_REFUSED, actor.origin(), target, Outcome.REFUSED, detail))
        raise Denied(right)
