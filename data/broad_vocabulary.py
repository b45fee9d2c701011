"""Builds the broad vocabulary: what a photo may show, in groups, each tag below the more general one it belongs to.

    python data/broad_vocabulary.py WORDNET OUT

WORDNET is the folder of data.noun, as Debian's wordnet-base has it.

Four sources: `everyday.txt`, the tags written by hand in `tags_by_hand.txt`, ImageNet's class names as open_clip has
them (MIT), and WordNet's nouns (Princeton's licence), most frequent first by `wordfreq` (pip install wordfreq; it is
not needed to run Sightline). A noun is taken when the sense people mean by it is one that ImageNet has pictures of, by
timm's list of 11,821 such synsets (Apache-2.0). Left out are
terms marked as slurs or vulgar, and people but by what they do or how old they are: nobody is told by a picture
their race, faith, health or guilt.

A line of OUT is tag, group, parent (or nothing) and how familiar the word is (`FAMILIAR`), with tabs between; gzip.
"""

import gzip
import importlib.util
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SIZE = 5_000
RAREST = 2.0  # Zipf: a word in ten million
RARER = 1.5  # Zipf, for every further word: wordfreq takes the words of a phrase for independent
FAMILIAR = 4.0  # Zipf: newspapers say still more frequent words for other reasons than that they are seen
CHOSEN = 1.25  # Zipf
LONGEST = 3  # words of a tag

# The groups, and from which synsets down; the first that fits. "word/lexicographer's file".
GROUPS = {
    "people": ("person/03", "people/14", "gathering/14", "social group/14"),
    "animals": ("animal/03",),
    "food": ("food/13", "food/03", "fruit/20", "vegetable/13", "beverage/13"),
    "plants": ("fungus/20", "plant part/20", "plant/03", "vascular plant/20", "tree/20", "flower/20", "plant organ/20"),
    "clothing": ("clothing/06", "footwear/06", "headdress/06", "jewelry/06", "adornment/06", "handwear/06"),
    "vehicles": ("vehicle/06", "aircraft/06", "vessel/06", "public transport/06"),
    "places": ("structure/06", "way/06", "room/06", "area/06", "facility/06", "geographical area/15", "land/17"),
    "nature": (
        "geological formation/17",
        "body of water/17",
        "celestial body/17",
        "phenomenon/03",
        "natural object/03",
    ),
    "activities": ("sport/04", "game/04", "dancing/04"),
    "body": ("external body part/08", "hair/08", "face/08", "hand/08", "limb/08", "facial hair/08"),
    "objects": ("instrumentality/06", "creation/06", "commodity/06", "decoration/06", "covering/06"),
}
DOERS = "worker/18, entertainer/18, athlete/18, artist/18, scientist/18, child/18, performer/18"
LEFT_OUT = """
weapon of mass destruction/06, drug/06, medicine/06, excreta/27, sex organ/08, contraceptive/06,
criminal/18, unfortunate/18, microorganism/05, larva/05, parasite/05, computer code/10, chemical/27, nutriment/13,
female genitalia/08, prostitute/18, worm/05, protozoan/05, line/06, part/06
"""
NOT_SAID = re.compile(
    r"slur|offensive|derogat|disparag|vulgar|obscene|archaic|formerly|sexual|prostitut|genital|copulat|slave|"
    r"ancient roman|biblical|nazi|heroin|cocaine|suicide|torture|execution",
)
# A noun with more pictured kinds than this below it says too little, but for these and what people write by hand
MOST_KINDS = 30
KINDS = (
    "furniture, musical instrument, insect, weapon, monkey, reptile, amphibian, ship, jewelry, grass, spider, bridge"
)
# `everyday.txt` goes from group to group: each from this tag on
SECTIONS = {
    **{"person": "people", "cat": "animals", "tree": "plants", "mountain": "nature", "city": "places"},
    **{"sofa": "objects", "breakfast": "food", "shirt": "clothing", "car": "vehicles", "wheel": "objects"},
    **{"painting": "style", "soccer": "activities", "playing cards": "objects", "concert": "events"},
    **{"sleeping": "activities", "red": "colours"},
}
FREQUENT = 3.0  # Zipf: tags are gathered under words that are said this often
NO_PARENTS = [
    "person",
    "man",
    "woman",
    "face",
    "house",
    "garb",
    "mart",
    "motor",
    "lever",
    "circuit",
    "telecom",
    "toy",
    "path",
    "street",
    "city",
    "shop",
    "farm",
    "light",
]


@dataclass(frozen=True)
class Synset:
    words: tuple[str, ...]
    file: int  # the lexicographer's
    above: tuple[int, ...]
    gloss: str


class WordNet:
    """The nouns of a WordNet 3 database, by offset."""

    def __init__(self, folder: Path) -> None:
        self.synsets = dict(_synsets(folder / "data.noun"))
        self.senses = {lemma: offsets for lemma, offsets in _senses(folder / "index.noun")}
        self._counts = Counter[tuple[str, str]]()  # how often a lemma was met as a part of speech, in WordNet's texts
        for line in (folder / "cntlist.rev").read_text("utf-8").splitlines():
            key, _, count = line.split()
            lemma, _, rest = key.partition("%")
            self._counts[lemma.replace("_", " "), rest[0]] += int(count)

    def meant(self, lemma: str) -> int | None:
        """The synset of a noun's first sense, unless it is met more often as another part of speech."""
        offsets = self.senses.get(lemma)
        as_noun = self._counts[lemma, "1"]
        if not offsets or any(self._counts[lemma, part] > as_noun for part in "2345"):
            return None
        return offsets[0]

    def above(self, offset: int) -> Iterator[int]:
        """The synset and all above it, nearest first."""
        level, met = [offset], {offset}
        while level:
            yield from level
            level = [a for o in level for a in self.synsets[o].above if a not in met and not met.add(a)]  # type: ignore[func-returns-value]

    def named(self, name: str) -> int:
        """The first synset of "word/file".

        Raises:
            StopIteration: WordNet has none.
        """
        word, _, file = name.strip().partition("/")
        return next(offset for offset in self.senses[word] if self.synsets[offset].file == int(file))


def _synsets(path: Path) -> Iterator[tuple[int, Synset]]:
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("  "):
            continue
        data, _, gloss = line.partition(" | ")
        fields = data.split()
        words = int(fields[3], 16)
        names = tuple(fields[4 + 2 * i].replace("_", " ") for i in range(words))
        pointers = fields[5 + 2 * words :]
        above = tuple(int(pointers[i + 1]) for i, kind in enumerate(pointers) if kind == "@")  # not @i: no proper names
        yield int(fields[0]), Synset(names, int(fields[1]), above, gloss)


def _senses(path: Path) -> Iterator[tuple[str, list[int]]]:
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("  "):
            lemma, _, count, *rest = line.split()
            yield lemma.replace("_", " "), [int(offset) for offset in rest[-int(count) :]]


class Builder:
    def __init__(self, wordnet: WordNet) -> None:
        self.wordnet = wordnet
        self.groups = {root: group for group, names in GROUPS.items() for root in self._roots(names)}
        self.doers = set(self._roots(DOERS.split(",")))
        self.left_out = set(self._roots(LEFT_OUT.split(",")))
        self.tags: dict[str, tuple[str, str]] = {}  # tag: group, parent
        self.synsets: dict[int, str] = {}  # the tags that are WordNet's
        self.filled: set[str] = set()  # those that nobody chose
        self.kind_of: dict[str, int] = {}  # the synset that a tag is, or is a kind of
        self.barred = set(_listed(HERE / "tags_left_out.txt"))
        self.pictured = _pictured()
        self.kinds = Counter(above for offset in self.pictured for above in wordnet.above(offset))

    def _roots(self, names: object) -> Iterator[int]:
        for name in names:  # type: ignore[attr-defined]
            try:
                yield self.wordnet.named(name)
            except (KeyError, StopIteration):
                print(f"WordNet has no {name.strip()}", file=sys.stderr)

    def group_of(self, offset: int) -> str | None:
        """The group of a synset; None where it has none, or is left out."""
        found = None
        for above in self.wordnet.above(offset):
            if above in self.left_out or NOT_SAID.search(self.wordnet.synsets[above].gloss.lower()):
                return None
            found = found or self.groups.get(above)
        return found

    def by_hand(self) -> None:
        for line in (HERE / "tags_by_hand.txt").read_text("utf-8").splitlines():
            if not line or line.startswith("#"):
                continue
            where, _, tags = line.partition(": ")
            group, _, parent = where.partition(" / ")
            if parent:
                self.tags.setdefault(parent, (group, ""))
            for tag in tags.split(", "):
                self.tags.setdefault(tag.strip(), (group, parent))

    def everyday(self) -> None:
        group = ""
        for tag in (HERE / "vocabularies" / "everyday.txt").read_text("utf-8").splitlines():
            group = SECTIONS.get(tag, group)
            self.add(tag, {group}, group)

    def add(self, name: str, groups: set[str], default: str | None) -> None:
        """A name as WordNet knows it, or its last word, in one of these groups; else by itself in the default group."""
        if name.lower() in {tag.lower() for tag in self.tags}:
            return
        last = name.rpartition(" ")[2]
        for lemma in (name, name.rstrip("s"), last, last.rstrip("s")):
            for offset in self.wordnet.senses.get(lemma.lower(), ()):
                if offset in self.pictured and (group := self.group_of(offset)) in groups:
                    self.tags[name] = (group, "")
                    self.kind_of[name] = offset
                    if default is None:
                        self.filled.add(name)
                    if lemma in (name, name.rstrip("s")):
                        self.synsets.setdefault(offset, name)
                    return
        if default is not None:
            self.tags[name] = (default, "")

    def fill(self) -> None:
        """WordNet's nouns, most frequent first, until there are `SIZE`."""
        found = []
        for lemma in self.wordnet.senses:
            plain = re.fullmatch(r"[a-z]{3,}(?:[ -][a-z]+)*", lemma) and len(lemma.split()) <= LONGEST
            if not plain or lemma in self.barred or (offset := self.wordnet.meant(lemma)) is None:
                continue
            if offset not in self.pictured or self.kinds[offset] > MOST_KINDS:
                continue
            group = self.group_of(offset)
            frequency = frequency_of(lemma)
            if group == "people" and not self.doers & set(self.wordnet.above(offset)):
                continue
            if group is not None and frequency >= RAREST:
                found.append((-frequency, lemma, offset, group))
        taken = {tag.lower() for tag in self.tags}
        for _, lemma, offset, group in sorted(found):
            if len(self.tags) >= SIZE:
                break
            if lemma not in taken and offset not in self.synsets:
                self.tags[lemma] = (group, "")
                self.synsets[offset] = lemma
                self.kind_of[lemma] = offset
                self.filled.add(lemma)

    def gather(self) -> None:
        """Each tag that is a kind of another below the most general one that people often say."""
        by_hand = {parent for _, parent in self.tags.values()}
        for tag, offset in self.kind_of.items():
            group, parent = self.tags[tag]
            above = [name for o in self.wordnet.above(offset) if (name := self.synsets.get(o)) not in (None, tag)]
            often = [
                name
                for name in above
                if self.tags[name][0] == group
                and not self.tags[name][1]
                and name not in NO_PARENTS
                and frequency_of(name) >= FREQUENT
            ]
            if often and not parent and tag not in by_hand:
                self.tags[tag] = (group, often[-1])
        for tag, (group, parent) in list(self.tags.items()):  # two levels: what is above has nothing above it
            while parent and self.tags[parent][1] not in ("", tag):
                parent = self.tags[parent][1]
            self.tags[tag] = (group, parent)

    def familiar(self) -> dict[str, float]:
        """How often people say a tag (Zipf, at most `FAMILIAR`), more where one chose it by hand: its prior."""
        chosen = {tag for tag in self.tags if tag not in self.filled} | {parent for _, parent in self.tags.values()}
        return {tag: min(max(frequency_of(tag.lower()), 0), FAMILIAR) + CHOSEN * (tag in chosen) for tag in self.tags}


def frequency_of(words: str) -> float:
    from wordfreq import zipf_frequency

    return zipf_frequency(words, "en") - RARER * (len(re.split("[ -]", words)) - 1)


def _listed(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield from (name.strip() for name in line.split(",") if name.strip())


def _pictured() -> set[int]:
    """The offsets of the synsets that ImageNet has at least some hundreds of pictures of."""
    found = importlib.util.find_spec("timm")
    assert found is not None and found.origin is not None
    listed = Path(found.origin).parent / "data" / "_info" / "imagenet12k_synsets.txt"
    return {int(wnid[1:]) for wnid in listed.read_text("utf-8").split()}


def imagenet() -> Iterator[str]:
    from clipcore.thirdparty import import_open_clip

    for name in import_open_clip().IMAGENET_CLASSNAMES:
        yield re.sub(r" \(.*?\)", "", name)


def build(folder: Path) -> list[str]:
    """The lines of the vocabulary."""
    builder = Builder(WordNet(folder))
    builder.by_hand()
    builder.everyday()
    for name in (*KINDS.split(", "), *imagenet()):
        builder.add(name, set(GROUPS) - {"people"}, None)
    builder.fill()
    builder.gather()
    said = builder.familiar()
    return [f"{tag}\t{group}\t{parent}\t{said[tag]:.2f}" for tag, (group, parent) in builder.tags.items()]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lines = build(Path(sys.argv[1]))
    with gzip.GzipFile(sys.argv[2], "wb", mtime=0) as file:  # the same bytes for the same sources
        file.write(("\n".join(lines) + "\n").encode())
    print(f"{sys.argv[2]}: {len(lines):,} tags", file=sys.stderr)
