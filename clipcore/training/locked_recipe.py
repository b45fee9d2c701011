"""The recipe of locked-tower training: phases, each with its own learning rates, and how its sources are mixed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clipcore.pairs.pair import Templates

if TYPE_CHECKING:
    from clipcore.towers.heads import HeadShape


@dataclass(frozen=True)
class Phase:
    """One stretch of training with its own learning rates; a part whose rate is 0 stays locked.

    With both towers locked their features are computed once, and a step costs only the heads.
    """

    steps: int
    batch_size: int
    head_rate: float
    text_rate: float = 0.0
    image_rate: float = 0.0  # of the image backbone's last stage; of all of it where training is end to end


@dataclass(frozen=True)
class LockedRecipe:
    """Locked-tower training (LiT, arXiv:2111.07991): borrowed towers, trained heads, then a careful unlocking.

    With `end_to_end` (`clipcore.training.end_to_end`) a phase that unlocks a tower unlocks all of it, and pictures are
    cropped anew in every step: for a GPU.
    """

    phases: tuple[Phase, ...]
    templates: Templates = field(default_factory=dict)  # label-like fields to texts
    paraphrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # see `paraphrased`
    exclude: tuple[str, ...] = ("dev/", "test/", "val/")  # keys left out of the training pairs
    captioned_views: int = 4
    labelled_views: int = 1
    balance: float = 0.5  # a source is drawn in proportion to the number of its distinct texts to this power,
    weights: Mapping[str, float] = field(default_factory=dict)  # times its own weight, by the tar's name; else 1
    embed_dim: int = 384
    hidden: int = 768
    dropout: float = 0.2
    weight_decay: float = 0.05
    warmup: float = 0.05  # share of a phase's steps
    average: float = 0.99  # decay of the running average of the weights, which is what is kept
    class_distillation: float = 1.0  # weight of the backbone's own ImageNet classes among the losses
    rehearsal: float = 0.0  # weight of keeping unlocked texts where the borrowed text tower put them
    text_layers: int = 3  # upper layers of the text tower that a phase may unlock
    context_length: int = 64  # tokens of a text; longer ones are cut
    end_to_end: bool = False
    agreement: float = 0.0  # end to end: weight of the backbone's classifier saying what it said before
    soft_targets: float = 0.0  # end to end: share of the right answer that goes to other pictures with like captions
    soft_temperature: float = 0.05  # of the likeness of captions, as the borrowed text tower sees it
    unnamed: tuple[str, ...] = ()  # names of classes that no text may hold and the backbone may not tell: for measuring
    seed: int = 0

    @property
    def head_shape(self) -> "HeadShape":
        from clipcore.towers.heads import HeadShape  # the command line reads recipes, and needs no torch for it

        return HeadShape(self.embed_dim, self.hidden, self.dropout)
