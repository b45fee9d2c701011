"""A picture by its URL, where the owner has switched that on: public addresses alone, a few redirects, so many bytes.

Every address that a name has must be public, and the connection is made to the address that was checked, not to
whatever the name means a moment later; each redirect is checked like the first URL. Proxies are not used, because they
would look the name up again.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, urljoin, urlsplit

from app.errors import QueryError

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3
_CHUNK = 1 << 16  # bytes
_HEADERS = {"User-Agent": "Sightline", "Accept": "image/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class FetchLimits:
    """How much is taken, in bytes, and how long that may take, in seconds, redirects included."""

    size: int = 20 << 20
    seconds: float = 10.0


def fetch(url: str, limits: FetchLimits = FetchLimits()) -> bytes:
    """What is at a URL.

    Raises:
        QueryError: it is no http(s) URL, leads to an address that is not public, or cannot be had within the limits.
    """
    until = time.monotonic() + limits.seconds
    for _ in range(_MOST_REDIRECTS + 1):
        parts = _checked(url)
        try:
            answer = _get(parts, until, limits)
        except (OSError, http.client.HTTPException, ValueError) as error:
            _left(until)
            raise QueryError(f"{parts.hostname}: cannot be fetched: {error}") from error
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise QueryError(f"more than {_MOST_REDIRECTS} redirects")


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise QueryError(f"not a URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise QueryError("expected a URL that begins with http:// or https://")
    if parts.username is not None or port not in (None, *_PORTS.values()):
        raise QueryError("expected a URL without a user name, on port 80 or 443")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise QueryError("expected a URL of plain characters")
    return parts


def _get(parts: SplitResult, until: float, limits: FetchLimits) -> bytes | str:
    """The body, or where it is instead.

    Raises:
        OSError, HTTPException: it cannot be had.
        QueryError: it is too much, takes too long, or is not public.
    """
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    with _connected(public_address(host, port), parts.scheme, host, until) as connected:
        connection = http.client.HTTPConnection(host, port)
        connection.sock = connected
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers=_HEADERS)
        answer = connection.getresponse()
        if answer.status in _REDIRECTS:
            return answer.headers.get("Location", "")
        if answer.status != 200:
            raise QueryError(f"{host} answers {answer.status} {answer.reason}")
        return _read(answer, until, limits.size)


def public_address(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """The first address of a name, all of which are public.

    Raises:
        OSError: there is none.
        QueryError: one of them is this machine's, a private network's, or otherwise not for everyone.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for _, _, _, _, address in found:
        if not is_public(str(address[0])):
            raise QueryError(f"{host}: expected a public address")
    family, _, _, _, address = found[0]
    return family, (str(address[0]), port)


def is_public(address: str) -> bool:
    """Whether an address is one that everyone reaches, in the IPv4 that an IPv6 address may hold too."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None and not is_public(str(inner)):
            return False
    return ip.is_global and not ip.is_multicast


@contextmanager
def _connected(
    address: tuple[socket.AddressFamily, tuple[str, int]], scheme: str, host: str, until: float
) -> Iterator[socket.socket]:
    """A connection to that address, which ends when the time is up, whatever the other side does meanwhile."""
    family, where = address
    with socket.socket(family, socket.SOCK_STREAM) as plain:
        plain.settimeout(_left(until))
        plain.connect(where)
        context = ssl.create_default_context() if scheme == "https" else None
        wrap = partial(context.wrap_socket, server_hostname=host, do_handshake_on_connect=False) if context else None
        with wrap(plain) if wrap else plain as connected:
            end = threading.Timer(_left(until), partial(_end, connected))
            end.start()
            try:
                if isinstance(connected, ssl.SSLSocket):
                    connected.do_handshake()
                yield connected
            finally:
                end.cancel()


def _end(connected: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # not TLS's own farewell, which would wait


def _read(answer: http.client.HTTPResponse, until: float, most: int) -> bytes:
    data = bytearray()
    while chunk := answer.read1(_CHUNK):
        data += chunk
        if len(data) > most:
            raise QueryError(f"more than {most:,} bytes")
    _left(until)  # an end that came too late is no end of the file
    return bytes(data)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise QueryError("took too long")
    return left
