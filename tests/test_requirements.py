from pathlib import Path

ROOT = Path(__file__).parents[1]


def pins(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def test_every_requirement_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-gpu.txt", "requirements-dev.txt", "requirements-cluster.txt"):
        assert all("==" in line for line in pins(name)), name


def test_the_gpu_file_differs_in_faiss_alone() -> None:
    cpu, gpu = pins("requirements.txt"), pins("requirements-gpu.txt")
    version = next(line for line in cpu if line.startswith("faiss-cpu")).partition("==")[2]
    assert cpu - gpu == {f"faiss-cpu=={version}"}
    assert gpu - cpu == {f"faiss-gpu=={version}"}
