"""`python -m salina_monitor.sandbox [PORT]`: the played Inngest alone on loopback, key `signkey-sandbox`."""

from __future__ import annotations

import sys
import time

import uvicorn

from salina_monitor.sandbox.day import played_day
from salina_monitor.sandbox.inngest_server import InngestServer

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8288
    played = InngestServer(played_day(7, time.time_ns()), "signkey-sandbox")
    uvicorn.run(played.app(), host="127.0.0.1", port=port, server_header=False, log_level="warning")
