"""clip-retrieval over a folder of files, run by the Python that has it: clip_retrieval_files.py FOLDER OUT WEIGHTS

Beside a CPU build of torch, torchvision's wheel lacks the operators it declares; they are declared here, as no picture
needs them.
"""

import os
import sys

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    for module in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[module]
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

if __name__ == "__main__":
    from clip_retrieval import clip_inference

    clip_inference(
        input_dataset=sys.argv[1],
        output_folder=sys.argv[2],
        input_format="files",
        enable_text=False,
        enable_metadata=False,
        clip_model=f"open_clip:ViT-B-32-256/{sys.argv[3]}",
        use_jit=False,
        batch_size=32,
        num_prepro_workers=os.cpu_count(),
    )
