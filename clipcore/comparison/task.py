"""What a comparison is about: pictures to train on, and questions to ask meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipcore.architectures import Architecture, TextShape, ViTShape
from clipcore.comparison.pictures import (
    CaptionedPictures,
    captioned_pictures,
    centre_crops,
    decoded,
    generated_pictures,
    some_of,
)
from clipcore.comparison.questions import (
    Questions,
    caption_questions,
    compositional_questions,
    label_questions,
)
from clipcore.compositional.generated import CompositionalSet
from clipcore.errors import TrainingError
from clipcore.evaluation.datasets import DataSet
from clipcore.pairs.skipped import Skipped
from clipcore.prompts import read_class_names
from clipcore.tokenizer import BytePairTokenizer
from clipcore.vocabulary import learn_merges, write_merges

MARGIN = 1.125  # of the side: what random crops have to move in
HEAD_WIDTH = 32
VOCABULARY = "vocabulary.txt.gz"


@dataclass(frozen=True)
class Task:
    """Training pairs, and questions by name."""

    pictures: CaptionedPictures
    questions: Mapping[str, Questions]


@dataclass(frozen=True)
class Asked:
    """What to ask about real pictures.

    Attributes:
        captioned: pictures whose caption is to be found among `choices`.
        labelled: pictures whose class is to be found, called as in `class_names`, in a `prompt`.
        most: pictures of each at most, drawn at random.
    """

    captioned: DataSet | None = None
    labelled: DataSet | None = None
    class_names: Path | None = None
    prompt: str = "a photo of a {}"
    choices: int = 20
    most: int = 500


def compositional_task(size: int, seed: int, generated: int, asked: int) -> Task:
    """`generated` pictures to train on, and `asked` questions of compositions held out, and of familiar ones."""
    made = CompositionalSet(size, seed)
    questions = {split: compositional_questions(made, split, asked) for split in ("held-out", "familiar")}
    return Task(generated_pictures(made, generated), questions)


def pairs_task(pairs: Sequence[DataSet], asked: Asked, size: int, seed: int, skipped: Skipped) -> Task:
    """Real pictures.

    Raises:
        TrainingError: there is nothing to train on, or to ask about.
        PromptError: `class_names` does not name all classes.
    """
    side = round(size * MARGIN)
    questions: dict[str, Questions] = {}
    if asked.captioned:
        questions["captions"] = _caption_questions(asked.captioned, asked, size, seed, skipped)
    if asked.labelled:
        questions["classes"] = _label_questions(asked.labelled, asked, size, seed, skipped)
    return Task(captioned_pictures(pairs, side, skipped), questions)


def _caption_questions(data: DataSet, asked: Asked, size: int, seed: int, skipped: Skipped) -> Questions:
    examples = some_of([example for example in data if example.captions], asked.most, seed)
    pixels, kept = decoded(examples, round(size * MARGIN), skipped)
    return caption_questions(centre_crops(pixels, size), [e.captions for e in kept], asked.choices, seed)


def _label_questions(data: DataSet, asked: Asked, size: int, seed: int, skipped: Skipped) -> Questions:
    examples = [example for example in data if example.label]
    classes = sorted({example.label for example in examples})
    spoken = read_class_names(asked.class_names, classes) if asked.class_names else tuple(map(_spoken, classes))
    pixels, kept = decoded(some_of(examples, asked.most, seed), round(size * MARGIN), skipped)
    names = dict(zip(classes, spoken, strict=True))
    return label_questions(centre_crops(pixels, size), [e.label for e in kept], names, asked.prompt)


def _spoken(folder: str) -> str:
    return folder.replace("_", " ").replace("-", " ")


def learn_tokenizer(pictures: CaptionedPictures, units: int, folder: Path) -> BytePairTokenizer:
    """A vocabulary of at most `units`, learned from the captions and written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_merges(learn_merges(pictures.corpus(), units), folder / VOCABULARY)
    return BytePairTokenizer(merges_path=folder / VOCABULARY)


def small_vit(*, size: int, patch_size: int, width: int, layers: int) -> ViTShape:
    """A ViT with heads of 32 features.

    Raises:
        TrainingError: `size` is no multiple of the patch, or `width` none of a head's.
    """
    if size % patch_size:
        raise TrainingError(f"pictures of {size} pixels do not divide into patches of {patch_size}")
    if width % HEAD_WIDTH:
        raise TrainingError(f"a width of {width}: expected a multiple of {HEAD_WIDTH}, the width of a head")
    return ViTShape(size, patch_size, width, layers, width // HEAD_WIDTH, mlp_width=4 * width)


def small_architecture(vision: ViTShape, text_layers: int, tokenizer: BytePairTokenizer) -> Architecture:
    """That ViT, and a text Transformer and a space of its width."""
    width, heads = vision.width, vision.heads
    text = TextShape(width, text_layers, heads, tokenizer.context_length, tokenizer.vocab_size)
    return Architecture("compared", width, vision, text, "gelu")
