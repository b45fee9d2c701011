"""Early, plain warnings: what a run shows in its first minutes that would only be noticed after days."""

import math
from collections import deque
from collections.abc import Callable, Sequence

PATIENCE = 200  # steps after the warm-up
NEAR_CHANCE = 0.02  # of ln N: a loss that near it is no better than a guess
MANY_COPIES = 0.1  # of a batch's captions


class Watch:
    """Sees every step, and says each thing once.

    Args:
        warmup: steps before a loss at ln N is a bad sign.
        chance: the loss of guessing, ln N; None where there is no such number.
    """

    def __init__(self, warmup: int, chance: float | None, say: Callable[[str], None]) -> None:
        self._chance, self._warmup = chance, warmup
        self._say = say
        self._losses: deque[float] = deque(maxlen=PATIENCE)
        self._said: set[str] = set()

    def step(self, step: int, loss: float, capped: bool, captions: Sequence[str]) -> None:
        """One step's loss, whether the temperature was held, and this process's captions."""
        if step > self._warmup:
            self._losses.append(loss)
        if self._chance and self._at_chance():
            self._once(
                "chance",
                f"the loss has stayed at ln N = {self._chance:.2f} for {PATIENCE} steps after the warm-up, which is "
                "guessing: is the learning rate far off, or do captions not belong to their pictures?",
            )
        if capped:
            self._once(
                "capped",
                f"the temperature is held at its cap (a scale of 100) from step {step}: usual late in a long run; "
                "early in one the batch is too easy, or pairs repeat",
            )
        self._count_copies(captions)

    def _at_chance(self) -> bool:
        chance = self._chance or math.inf
        mean = sum(self._losses) / max(1, len(self._losses))
        return len(self._losses) == PATIENCE and mean > chance * (1 - NEAR_CHANCE)

    def _count_copies(self, captions: Sequence[str]) -> None:
        copies = len(captions) - len(set(captions))
        if copies > MANY_COPIES * len(captions):
            common = max(set(captions), key=captions.count) if len(captions) <= 4096 else captions[0]
            self._once(
                "copies",
                f"{copies:,} of a batch's {len(captions):,} captions are copies of another one (such as {common!r}): "
                "each counts as a wrong answer for the other's picture; remove copies, or take a smaller batch",
            )

    def _once(self, what: str, text: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._say(f"warning: {text}")
