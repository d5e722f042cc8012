"""What people may do. Each action asks the policy itself, acts, and leaves its activity row.

    jobs      export a list, reveal an input
    people    add, change and shut out users, end sessions (owners)
    own       the own sessions and password (everybody signed in)
    log       read and export the activity

An `Actor` is made at the moment of the click, from the session as the store knows it then. Without the right
an action raises Denied, and the refusal has its row.
"""

from salina_monitor.actions.actor import Actor, permit
from salina_monitor.policy import Denied, Right

__all__ = ["Actor", "Denied", "Right", "permit"]
