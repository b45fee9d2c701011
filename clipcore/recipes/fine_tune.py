"""A published CLIP, or one of your own, made better at your pictures.

    python -m clipcore train fine_tune --from ViT-B-32/openai --pairs captions.csv --eval dev.csv --general other.csv \
        --out runs/mine

By estimate, ten thousand pairs take minutes on a GPU and two to three hours on two CPU cores with ViT-B/32. Recall on
--eval should rise from the first evaluation on; the loss on --general, pictures unlike yours, says what it forgets.
"""

from clipcore.training.recipe import Recipe

RECIPE = Recipe(
    architecture="",
    batch_size=512,
    epochs=5,
    learning_rate=1e-5,
    warmup_steps=50,
    weight_decay=0.1,
    max_gradient_norm=1.0,
    average=0.999,
    micro_batch=64,
)
