"""Figures kept: what was measured, when, on what and by which command."""

import datetime
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path


def machine() -> str:
    """The processor by its own name where the system tells it (Linux), its cores, and Python's version."""
    cpus = Path("/proc/cpuinfo")
    names = [line for line in cpus.read_text().splitlines() if line.startswith("model name")] if cpus.exists() else []
    name = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def write_results(path: Path, figures: Mapping[str, float]) -> None:
    """One JSON file, readable and comparable line by line."""
    module = sys.modules["__main__"].__spec__
    command = ["python", "-m", module.name if module else sys.argv[0], *sys.argv[1:]]
    about = {"date": datetime.date.today().isoformat(), "machine": machine(), "command": " ".join(command)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**about, "figures": figures}, indent=2) + "\n", "utf-8")
