"""What classes are asked with: template sets, and lists of class names.

A template is a text with {} where the class name goes. Prompt ensembling (Radford et al., section 3.1.4) asks for each
class in every template of a set and takes the mean; "openai" is the set of 80 that the paper used for ImageNet.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clipcore.errors import PromptError
from clipcore.zeroshot import DEFAULT_TEMPLATES

TEMPLATE_SETS = ("default", "openai", "simple")
_IN_OPEN_CLIP = {"openai": "OPENAI_IMAGENET_TEMPLATES", "simple": "SIMPLE_IMAGENET_TEMPLATES"}


def load_templates(name_or_path: str) -> tuple[str, ...]:
    """The templates of a set, or of a text file with one a line.

    Raises:
        PromptError: no such set or file, or a line without {}.
    """
    if name_or_path == "default":
        return DEFAULT_TEMPLATES
    if name_or_path in _IN_OPEN_CLIP:
        from clipcore.thirdparty import import_open_clip

        makers: Sequence[Callable[[str], str]]
        makers = getattr(import_open_clip().zero_shot_metadata, _IN_OPEN_CLIP[name_or_path])
        return tuple(maker("{}") for maker in makers)
    path = Path(name_or_path)
    if not path.is_file():
        raise PromptError(
            f"no templates {name_or_path!r}: expected {', '.join(TEMPLATE_SETS)} or a text file with {{}} in each line"
        )
    lines = _lines(path)
    if not lines:
        raise PromptError(f"{path} has no templates: expected a text with {{}} in each line")
    for number, line in enumerate(lines, 1):
        if "{}" not in line:
            raise PromptError(f"{path} line {number}: {line!r} has no {{}} where the class name goes")
    return lines


def read_labels(path: Path) -> tuple[str, ...]:
    """Class names from a text file, one a line, or from the values of a JSON map; each once.

    Raises:
        PromptError: cannot be read, or an empty or repeated label.
    """
    return check_labels(tuple(_json_map(path).values()) if _is_json(path) else _lines(path), str(path))


def check_labels(labels: Sequence[str], source: str) -> tuple[str, ...]:
    """`labels` stripped, when each says something and no two read the same to the tokenizer, which ignores case.

    Raises:
        PromptError: one is empty or repeated; `source` says where they come from.
    """
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        key = " ".join(label.lower().split())
        if not key:
            raise PromptError(f"{source}: label {number} is empty")
        if key in first:
            raise PromptError(f"{source}: label {number}, {label.strip()!r}, repeats label {first[key]}")
        first[key] = number
    if not labels:
        raise PromptError(f"{source}: no labels")
    return tuple(label.strip() for label in labels)


def read_class_names(path: Path, classes: Sequence[str]) -> tuple[str, ...]:
    """What people call each of `classes`, which are the sorted names of a data set's folders.

    A text file has one name a line, in that order; a JSON file maps a folder's name to its class name.

    Raises:
        PromptError: it cannot be read, or does not have a name for each class.
    """
    if not _is_json(path):
        lines = _lines(path)
        if len(lines) != len(classes):
            raise PromptError(f"{path} has {len(lines)} lines for {len(classes)} classes; expected one for each")
        return lines
    names = _json_map(path)
    missing = [name for name in classes if not names.get(name, "").strip()]
    if missing:
        raise PromptError(
            f"{path} has no name for {missing[0]!r}" + (f" and {n} more" if (n := len(missing) - 1) else "")
        )
    return tuple(names[name].strip() for name in classes)


def read_descriptions(path: Path, classes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """For each of `classes` further texts that say what it is; none for one that a JSON map has no list of texts for.

    Raises:
        PromptError: it cannot be read, is no such map, or has none of the classes.
    """
    lists = _json_object(path)
    if not all(
        isinstance(texts, list) and all(isinstance(t, str) and t.strip() for t in texts) for texts in lists.values()
    ):
        raise PromptError(
            f'{path}: expected a JSON map of folder names to lists of texts, {{"koala": ["a marsupial"]}}'
        )
    if not any(name in lists for name in classes):
        raise PromptError(f"{path} describes none of the {len(classes)} classes, as {classes[0]!r}")
    return tuple(tuple(lists.get(name, ())) for name in classes)


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _lines(path: Path) -> tuple[str, ...]:
    """Stripped lines; empty ones only count where another follows."""
    return tuple(line.strip() for line in _text(path).rstrip().splitlines())


def _json_map(path: Path) -> dict[str, str]:
    values = _json_object(path)
    if not all(isinstance(value, str) for value in values.values()):
        raise PromptError(f'{path}: expected a JSON map of folder names to class names, {{"n01443537": "goldfish"}}')
    return values


def _json_object(path: Path) -> dict[str, Any]:
    try:
        values: Any = json.loads(_text(path))
    except ValueError as error:
        raise PromptError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise PromptError(f"{path}: expected a JSON map, with the names of folders before the colons")
    return values


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PromptError(f"{path} is not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}") from error
    except OSError as error:
        raise PromptError(f"cannot read {path}: {error.strerror}") from error
