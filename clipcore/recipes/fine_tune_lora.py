"""The same with low-rank adapters: for a few hundred pictures, with little forgotten.

    python -m clipcore train fine_tune_lora --from ViT-B-32/openai --pairs captions.csv --eval dev.csv \
        --general other.csv --out runs/mine

By estimate, a thousand pairs take a minute or two on a GPU. About one weight in a hundred is trained; expect a smaller
gain than `fine_tune` on many pairs, and a loss on --general that hardly moves. The export has them
merged: an ordinary CLIP.
"""

from dataclasses import replace

from clipcore.recipes.fine_tune import RECIPE as FINE_TUNE

RECIPE = replace(FINE_TUNE, lora_rank=8, learning_rate=2e-4, batch_size=256, epochs=10, warmup_steps=20)
