"""Which kind of index suits how many vectors, within how much memory."""

from dataclasses import dataclass
from enum import StrEnum

EXACT_UP_TO = 200_000  # vectors; 8 bits have 16 queries at once in 25 ms of an old core at 100,000
FLAT_UP_TO = 500_000  # vectors; beyond, k-means pays for itself by the lists that it leaves out


class Kind(StrEnum):
    """How candidates are found. Whatever the kind, their scores are exact."""

    EXACT = "exact"  # every half-precision code is scored
    RABITQ = "rabitq"  # one bit a dimension (RaBitQ, arXiv:2405.12497), scanned whole by FastScan
    IVF = "ivf"  # the same in lists by k-means, of which the nearest are scanned
    GPU = "gpu"  # every code is scored, on a GPU


@dataclass(frozen=True)
class Plan:
    """What is asked for: a kind of index ("auto" chooses), the bytes of vectors in memory, whether there is a GPU."""

    wanted: str = "auto"
    memory: int = 4 << 30
    gpu: bool = False

    def choose(self, count: int, dim: int) -> Kind:
        """The kind for `count` vectors: the fastest that fits.

        One-bit codes are always in memory; the half-precision codes beside them stay in the snapshot, so that the
        system may drop and reread them.
        """
        if self.wanted != "auto":
            return Kind(self.wanted)
        fits = count * 2 * dim <= self.memory
        if count <= EXACT_UP_TO and fits:
            return Kind.EXACT
        if self.gpu and fits:
            return Kind.GPU
        return Kind.RABITQ if count <= FLAT_UP_TO else Kind.IVF
