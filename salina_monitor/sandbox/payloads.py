"""What the played events say, besides the tenant."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from salina_monitor.sandbox.catalogue import BATCH, CHANNEL, DIRECTORY, NOTIFY, ONIX, PDF, ROYALTY_FEED, Played


def payload(function: Played, rng: random.Random) -> Mapping[str, Any]:
    """Data of an event for `function`; a cron tick says its schedule."""
    number = rng.randrange(10_000, 99_999)
    match function.id:
        case PDF.id:
            return {"statementId": f"stm_{number}", "authorId": f"aut_{number % 997:04d}"}
        case BATCH.id:
            return {
                "periodStart": "2026-07-01",
                "periodEnd": "2026-09-30",
                "authorIds": [f"aut_{(number + n) % 997:04d}" for n in range(5)],
                "sendEmail": number % 2 == 0,
                "userId": f"user_{number}",
            }
        case NOTIFY.id:
            return {"authorId": f"aut_{number % 997:04d}", "template": "statement-ready"}
        case ROYALTY_FEED.id:
            return {"feedId": f"feed_{number}", "retailer": rng.choice(("Overdrive", "Kobo", "Ingram"))}
        case ONIX.id:
            return {"exportId": f"onx_{number}", "titles": number % 400 + 20}
        case CHANNEL.id:
            return {"channel": rng.choice(("web-shop", "wholesale", "e-book")), "since": "yesterday"}
        case DIRECTORY.id:
            return {"reason": "scheduled"}
        case _:
            return {"cron": function.cron} if function.cron else {}
