"""The query language: one line of text to a `Query`, and back. docs/search.md explains it to people.

    a dog on the beach  (red ball)^2  -people  -"birthday cake"  "IMG_20*"  photo:123  date:2019..2021-06

Free words are the description. Whatever cannot be read raises a `QueryError` that points at the character.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from app.errors import QueryError
from app.filters import FILTERS, Filter
from app.query import MAX_TEXT, Part, Query
from indexer.fulltext import tokens

if TYPE_CHECKING:  # what is words alone, as most queries are, needs no grammar
    from lark import Lark, Token

_GRAMMAR = r"""
start: item*
item: NOT? (WORD WEIGHT? | GROUP WEIGHT? | PHOTO WEIGHT? | PHRASE | FIELD VALUE | FIELD PHRASE)

NOT: /-(?=\S)/
PHOTO.3: /photo:[0-9]{1,18}(?=[\s^]|$)/i
FIELD.2: /[A-Za-z]+:(?=\S)/
WORD: /(?!-\S)(?:\\\S|[^\s"“”()^\\])+/
GROUP: /\((?:\\\S|[^()\\])*\)/
PHRASE: /["“”](?:\\\S|[^"“”\\])*["“”]/
VALUE: /[^\s"“”]\S*/
WEIGHT: /(?<=\S)\^[0-9]+(\.[0-9]+)?/
%ignore /\s+/
"""
_MARKS = re.compile(r'[-"“”()^\\:]')  # without any of these a line is words
_LARGEST_ID = 2**31 - 1


@cache
def _parser() -> "Lark":
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr")


def parse(text: str) -> Query:
    """A query from its line of text.

    Raises:
        QueryError: it is empty, too long, or not in the language; then it has the `position` of the fault.
    """
    if len(text) > MAX_TEXT:
        raise QueryError(f"the query has {len(text):,} characters; the limit is {MAX_TEXT:,}")
    if (odd := re.search(r"[\0\ud800-\udfff]", text)) is not None:
        raise QueryError("not a character of any text", text, odd.start())
    return _read(text) if _MARKS.search(text) else Query(text=" ".join(text.split()))


def _read(text: str) -> Query:
    """A query by the grammar."""
    from lark import Token, Tree, UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        at_end = isinstance(token := getattr(error, "token", None), Token) and token.type == "$END"
        position = len(text) if at_end or error.pos_in_stream is None else error.pos_in_stream
        raise QueryError(_fault(text[position : position + 1]), text, position) from None
    gathered = _Gathered()
    for item in tree.children:
        assert isinstance(item, Tree)
        tokens = [token for token in item.children if isinstance(token, Token)]
        try:
            gathered.take(tokens)
        except QueryError as error:
            raise QueryError(str(error), text, _culprit(tokens).start_pos) from error
    return gathered.query()


def _culprit(tokens: "list[Token]") -> "Token":
    """Which token of an item that was refused: its weight or its value, unless the filter itself is unknown."""
    return next((token for token in tokens if token.type == "FIELD" and _name(token) not in FILTERS), tokens[-1])


def _fault(character: str) -> str:
    """What is wrong with the character at which reading stopped."""
    match character:
        case "":
            return "the query ends too soon"
        case '"' | "“" | "”":
            return "a quotation mark that no other closes"
        case "(":
            return "a bracket that is not closed, or within another; \\( is the character itself"
        case ")":
            return "a bracket that was not opened; \\) is the character itself"
        case "^":
            return "a weight stands right behind words, (words) or photo:12, as in beach^2; \\^ is the character itself"
        case "\\":
            return "expected a character behind \\"
        case _:
            return "expected words, (words), photo:12 or a filter"


@dataclass
class _Gathered:
    """The parts of a query as they are read."""

    words: list[str] = field(default_factory=list)
    photos: list[int] = field(default_factory=list)
    weighted: list[Part] = field(default_factory=list)
    minus: list[Part] = field(default_factory=list)
    exact: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)

    def take(self, tokens: "list[Token]") -> None:
        """One item: an optional minus, then what it is, then its weight or its value."""
        negated = tokens[0].type == "NOT"
        kind, *rest = tokens[negated:]
        match kind.type:
            case "FIELD":
                value = _unquoted(rest[0]) if rest[0].type == "PHRASE" else str(rest[0])
                self.filters.append(Filter(_name(kind), value, negated))
            case "PHRASE":
                self._phrase(" ".join(_unquoted(kind).split()), negated)
            case _:
                self._part(kind, float(rest[0][1:]) if rest else 1.0, negated)

    def _phrase(self, words: str, negated: bool) -> None:
        if not tokens(words):
            raise QueryError("no words between the quotation marks")
        (self.without if negated else self.exact).append(words)

    def _part(self, token: "Token", weight: float, negated: bool) -> None:
        part = Part(_photo_id(token) if token.type == "PHOTO" else _unquoted(token), weight)
        if negated:
            self.minus.append(part)
        elif weight != 1 or token.type == "GROUP":
            self.weighted.append(part)
        elif isinstance(part.of, int):
            self.photos.append(part.of)
        else:
            self.words.append(str(part.of))

    def query(self) -> Query:
        return Query(
            text=" ".join(self.words),
            photos=tuple(self.photos),
            weighted=tuple(self.weighted),
            minus=tuple(self.minus),
            exact=tuple(self.exact),
            without=tuple(self.without),
            filters=tuple(self.filters),
        )


def _name(token: "Token") -> str:
    return token[:-1].lower()


def _photo_id(token: "Token") -> int:
    if (number := int(token.partition(":")[2])) > _LARGEST_ID:
        raise QueryError(f"no photo has the id {number}")
    return number


def _unquoted(token: "Token") -> str:
    """The text of a token without its marks and escapes."""
    text = str(token) if token.type == "WORD" else token[1:-1]
    return re.sub(r"\\(\S)", r"\1", text)


def write(query: Query) -> str:
    """The line of text that `parse` reads as this query. Pictures from elsewhere cannot be written and are left out."""
    items = [_escaped_word(word) for word in query.text.split()]
    items += [f"photo:{number}" for number in query.photos]
    items += [_part(part, bracketed=part.weight == 1) for part in query.weighted if isinstance(part.of, str | int)]
    items += [f"-{_part(part)}" for part in query.minus if isinstance(part.of, str | int)]
    items += [_quoted(words) for words in query.exact]
    items += [f"-{_quoted(words)}" for words in query.without]
    items += [f"{'-' * f.negated}{f.name}:{_value(f.value)}" for f in query.filters]
    return " ".join(items)


def _part(part: Part, bracketed: bool = False) -> str:
    weight = "" if part.weight == 1 else f"^{part.weight:f}".rstrip("0").rstrip(".")
    if isinstance(part.of, int):
        return f"photo:{part.of}{weight}"
    text = str(part.of)
    if bracketed or " " in text or text == "-":
        return f"({_escaped(text, '()')}){weight}"
    return f"{_escaped_word(text)}{weight}"


def _escaped_word(word: str) -> str:
    word = _escaped(word, '"“”()^')
    if word.startswith("-") and len(word) > 1:
        return f"\\{word}"
    return re.sub(r"^([A-Za-z]+):(?=\S)", r"\1\\:", word)


def _quoted(text: str) -> str:
    return f'"{_escaped(text, "“”" + chr(34))}"'


def _value(value: str) -> str:
    return value if re.fullmatch(r'[^\s"“”]\S*', value) else _quoted(value)


def _escaped(text: str, characters: str) -> str:
    return re.sub(rf"[\\{re.escape(characters)}]", lambda found: f"\\{found[0]}", text)
