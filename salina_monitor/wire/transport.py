"""The httpx transport that keeps deadlines: httpcore's public pool over `DeadlineBackend`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import lru_cache
from typing import cast
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from salina_monitor.wire.deadline import DeadlineBackend


@lru_cache(maxsize=1)
def shared_ssl_context() -> ssl.SSLContext:
    """One verifying context for the process: building one costs 32-52 ms. Honours SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context()


class DeadlineTransport(httpx.BaseTransport):
    """Sends requests directly or through the proxy that the environment names for the scheme and host.

    Without `keepalive` every request opens a connection of its own, so that name look-up, TCP and TLS
    belong to the measured time.
    """

    def __init__(self, *, keepalive: bool, verify: ssl.SSLContext) -> None:
        self._keepalive = keepalive
        self._verify = verify
        self._proxies = getproxies()
        self._pools: dict[str, httpcore.ConnectionPool] = {"": self._pool("")}
        for scheme in ("http", "https"):
            proxy = self._proxy_for(scheme)
            if proxy not in self._pools:
                self._pools[proxy] = self._pool(proxy)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        proxy = "" if proxy_bypass(f"{url.host}:{url.port or ''}".rstrip(":")) else self._proxy_for(url.scheme)
        answer = self._pools[proxy].handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=cast("httpx.SyncByteStream", request.stream),
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _proxy_for(self, scheme: str) -> str:
        return self._proxies.get(scheme) or self._proxies.get("all") or ""

    def _pool(self, proxy: str) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=self._verify,
            proxy=_httpcore_proxy(proxy) if proxy else None,
            max_connections=100,
            max_keepalive_connections=20 if self._keepalive else 0,
            keepalive_expiry=15.0 if self._keepalive else 0.0,
            network_backend=DeadlineBackend(),
        )


def _httpcore_proxy(address: str) -> httpcore.Proxy:
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    return httpcore.Proxy(
        url=httpcore.URL(
            scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
        ),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
    )


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
