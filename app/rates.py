"""How often someone may ask: a token bucket for each address, in bounded memory."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

KEPT = 10_000  # addresses


class Buckets:
    """Each address may ask `burst` times at once and `per_second` times in the long run. Safe to use from threads.

    The addresses heard from last are remembered; one that is forgotten starts with a full bucket.
    """

    def __init__(self, per_second: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._now = now
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address: what was left, when

    def wait(self, address: str) -> float:
        """Seconds until the address may ask again; 0 when it may now."""
        with self._lock:
            return max(1 - self._level(address), 0) / self._per_second

    def take(self, address: str) -> None:
        """Counts one request of the address."""
        with self._lock:
            self._left[address] = (max(self._level(address) - 1, 0), self._now())
            self._left.move_to_end(address)
            while len(self._left) > KEPT:
                self._left.popitem(last=False)

    def _level(self, address: str) -> float:
        left, when = self._left.get(address, (self._burst, self._now()))
        return min(left + (self._now() - when) * self._per_second, self._burst)


def network_of(client: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 network that one owner of IPv6 addresses has."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return client
