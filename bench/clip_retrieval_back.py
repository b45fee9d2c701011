"""clip-retrieval's back end, run by the Python that has it: clip_retrieval_back.py VECTORS INDEX WEIGHTS PORT

The index is the one that its own `clip_index` chooses for the vectors, within 4 GB.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import clip_retrieval_files  # noqa: E402, F401  declares what torchvision's wheel lacks

if __name__ == "__main__":
    from clip_retrieval import clip_back, clip_index

    vectors, index, weights, port = sys.argv[1:]
    clip_index(vectors, index, max_index_memory_usage="4G", current_memory_available="16G", nb_cores=os.cpu_count())
    if not (Path(index) / "image.index").exists():  # it says so on its log and goes on
        sys.exit("clip-retrieval made no index")
    places = Path(index) / "indices.json"
    places.write_text(json.dumps({"bench": index}))
    clip_back(
        indices_paths=str(places),
        port=int(port),
        clip_model=f"open_clip:ViT-B-32-256/{weights}",
        use_jit=False,
        enable_mclip_option=False,
        provide_aesthetic_embeddings=False,
        columns_to_return=["image_path"],
    )
