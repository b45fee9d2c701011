"""What a run says of itself: a bar for people, JSON lines and TensorBoard's events for programs."""

import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

METRICS = "metrics.jsonl"
LINES = 2000  # of metrics that a run writes at most, so that charts of long runs stay small
EVERY_SECONDS = 10.0  # between lines of progress where there is no terminal for a bar

Figures = Mapping[str, float]


class Board:
    """Progress and metrics of one run; says nothing in the processes that are not the first."""

    def __init__(self, out: Path, first_step: int, steps: int, speaks: bool) -> None:
        self._path = out / METRICS
        self._steps = steps
        self._every = max(1, steps // LINES)
        self._speaks = speaks
        self._last = time.monotonic()
        if not speaks:
            return
        self._forget_from(first_step)
        self._events = _event_writer(out / "tensorboard", first_step)
        self._bar = tqdm(total=steps, initial=first_step, unit="step", disable=not sys.stderr.isatty(), leave=True)

    def step(self, step: int, figures: Figures) -> None:
        """One step's figures; the bar shows the loss, that of guessing, the rate and the temperature."""
        if not self._speaks:
            return
        self._bar.update()
        line = _in_words(figures)
        self._bar.set_postfix_str(line, refresh=False)
        if step % self._every == 0 or step == self._steps:
            self._write(step, "step", figures)
        if self._bar.disable and (step == self._steps or time.monotonic() - self._last > EVERY_SECONDS):
            self._last = time.monotonic()
            self.say(f"step {step:,}/{self._steps:,}  {line}")

    def evaluation(self, step: int, of: str, values: Figures) -> None:
        """What was measured on a held-out set."""
        if self._speaks:
            self._write(step, of, values)
            self.say(f"step {step:,}: {of}: " + "  ".join(f"{name} {value:.4g}" for name, value in values.items()))

    def say(self, text: str) -> None:
        """A line for people."""
        if self._speaks:
            tqdm.write(text, file=sys.stderr)

    def close(self) -> None:
        if self._speaks:
            self._bar.close()
            if self._events is not None:
                with suppress(OSError):  # a full disk was told of already
                    self._events.close()

    def _write(self, step: int, kind: str, figures: Figures) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "kind": kind, **figures}) + "\n")
        if self._events is not None:
            for name, value in figures.items():
                self._events.add_scalar(f"{kind}/{name}", value, step)

    def _forget_from(self, step: int) -> None:
        """Drops what was written after the checkpoint that the run goes on from."""
        kept = [line for line in read_metrics(self._path) if line["step"] <= step] if step else []
        self._path.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a run's metrics; a last one that was cut short is left out."""
    lines = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        with suppress(ValueError):
            lines.append(json.loads(line))
    return lines


def _in_words(figures: Figures) -> str:
    chance = f" (ln N {figures['chance']:.2f})" if "chance" in figures else ""
    return (
        f"loss {figures['loss']:.3f}{chance}  {figures['samples_per_second']:,.0f} pairs/s  "
        f"{figures['data_share']:.0%} waiting for data  scale {figures['logit_scale']:.1f}"
    )


def _event_writer(folder: Path, first_step: int) -> Any:
    """TensorBoard's, where the package is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first_step + 1)
