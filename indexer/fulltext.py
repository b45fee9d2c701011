"""The words that are written of photos: path, title, caption, keywords, tags. Found by FTS5 or PostgreSQL's full text.

A photo's row in `photo_text` holds them as they are compared, in lower case and without accents, so that both databases
find the same. A trigger keeps the database's own index, `photo_words`, in step within the transaction.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Float, Integer, String, Subquery, bindparam, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement

from clipcore.batches import batched
from indexer.catalog import Photo, PhotoKeyword, PhotoMetadata, PhotoTag, PhotoText, TagState

DIVIDER = "\u01c1"  # a letter of its own between path, title ..., so that no phrase begins in one and ends in the next
_LONGEST = 20_000  # characters of each text: a file may hold a book,
_LONGEST_IN_ALL = 200_000  # and PostgreSQL indexes no more than a megabyte
_IDS_A_STATEMENT = 500
_FTS5, _POSTGRESQL = "asked_fts5", "asked_postgresql"


def tokens(text: str) -> str:
    """The words of a text as they are compared, with spaces between.

    Each character of a script without spaces (Chinese, Japanese) is a word, so that a part of a sentence is a phrase.
    """
    plain = unicodedata.normalize("NFKD", text[:_LONGEST]).casefold()
    kept = "".join(_compared(c) for c in plain if not unicodedata.combining(c))
    return " ".join(word for word in kept.split() if word != DIVIDER)


def together(texts: Iterable[str]) -> str:
    """What is indexed of a photo of which all this is written."""
    return f" {DIVIDER} ".join(map(tokens, texts))[:_LONGEST_IN_ALL]


def _compared(character: str) -> str:
    if not character.isalnum():
        return " "
    return f" {character} " if "\u2e80" <= character <= "\u9fff" or character >= "\U00020000" else character


class Written(FunctionElement[bool]):
    """The condition that one of some phrases is written of the photo with an id."""

    type = Boolean()
    inherit_cache = True

    def __init__(
        self,
        photo_id: ColumnElement[int] | InstrumentedAttribute[int],
        phrases: Sequence[str] = (),
        prefix: bool = False,
        number: int = 0,
    ) -> None:
        """Phrases as `tokens` gives them, none of them empty; with `prefix` the last word of each may go on.

        Without phrases it is a condition to be kept, whose phrases are given as `asked` when it is executed; `number`
        tells it from others in the same statement.
        """
        if phrases:
            super().__init__(photo_id, *asked(phrases, prefix).values())
        else:
            fts5, postgresql = (bindparam(f"{name}_{number}", type_=String) for name in (_FTS5, _POSTGRESQL))
            super().__init__(photo_id, fts5, postgresql)

    def self_group(self, against: Any = None) -> "Written":
        """As it stands: with `= 1` behind it, which SQLAlchemy adds for SQLite, every photo would be looked at."""
        return self


def asked(phrases: Sequence[str], prefix: bool = False, number: int = 0) -> dict[str, str]:
    """Phrases in the languages of both databases, by the names under which a kept `Written` looks for them."""
    return {
        f"{_FTS5}_{number}": " OR ".join(_in_fts5(phrase, prefix) for phrase in phrases),
        f"{_POSTGRESQL}_{number}": " | ".join(_in_postgresql(phrase, prefix) for phrase in phrases),
    }


def _in_fts5(phrase: str, prefix: bool) -> str:
    return f'"{" ".join(phrase.split())}"{" *" if prefix else ""}'


def _in_postgresql(phrase: str, prefix: bool) -> str:
    followed = " <-> ".join(f"'{word}'" for word in phrase.split())
    return f"({followed}{':*' if prefix else ''})"


@compiles(Written, "sqlite")
def _fts5(element: Written, compiler: Any, **options: Any) -> str:
    photo_id, query, _ = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({photo_id} IN (SELECT rowid FROM photo_words WHERE photo_words MATCH {query}))"


@compiles(Written, "postgresql")
def _full_text(element: Written, compiler: Any, **options: Any) -> str:
    photo_id, _, query = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({photo_id} IN (SELECT photo_id FROM photo_words WHERE words @@ to_tsquery('simple', {query})))"


def ranked_by_words(session: Session, written: Sequence[str]) -> Subquery:
    """Photos of which all of this is written, as rows (photo_id, worth): the more of their words it is, the more worth.

    By BM25 in SQLite, and in PostgreSQL by its own rank over the length. `*` at the end stands for a word's rest.
    """
    phrases = [(tokens(words), words.endswith("*")) for words in written]
    if session.get_bind().dialect.name == "postgresql":
        query = text(
            "SELECT photo_id, ts_rank(words, asked, 1) AS worth"
            " FROM photo_words, to_tsquery('simple', :asked) asked WHERE words @@ asked"
        ).bindparams(asked=" & ".join(_in_postgresql(*phrase) for phrase in phrases))
    else:
        query = text(
            "SELECT rowid AS photo_id, -rank AS worth FROM photo_words WHERE photo_words MATCH :asked"
        ).bindparams(asked=" AND ".join(_in_fts5(*phrase) for phrase in phrases))
    return query.columns(photo_id=Integer, worth=Float).subquery("ranks")


def index_words(session: Session, photo_ids: Sequence[int]) -> None:
    """Enters what is written of photos now: for whoever wrote it, in the same transaction."""
    session.flush()
    for ids in batched(photo_ids, _IDS_A_STATEMENT):
        columns = (Photo.id, Photo.path, PhotoMetadata.title, PhotoMetadata.caption)
        photos = select(*columns).outerjoin(PhotoMetadata, PhotoMetadata.photo_id == Photo.id).where(Photo.id.in_(ids))
        texts = {id_: [text for text in said if text] for id_, *said in session.execute(photos)}
        keywords = select(PhotoKeyword.photo_id, PhotoKeyword.keyword).where(PhotoKeyword.photo_id.in_(ids))
        for id_, keyword in session.execute(keywords.order_by(PhotoKeyword.keyword)):
            texts[id_].append(keyword)
        own = select(PhotoTag.photo_id, PhotoTag.tag).where(PhotoTag.photo_id.in_(ids), PhotoTag.state == TagState.OWN)
        for id_, tag in session.execute(own.order_by(PhotoTag.tag)):
            texts[id_].append(tag)
        words = {id_: together(said) for id_, said in texts.items()}
        before = select(PhotoText.photo_id, PhotoText.words).where(PhotoText.photo_id.in_(ids))
        known = {id_: said for id_, said in session.execute(before)}
        rows = [{"photo_id": id_, "words": said} for id_, said in words.items() if known.get(id_) != said]
        if rows:
            from sqlalchemy.dialects import postgresql, sqlite  # of which a search needs neither

            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            insert = dialect.insert(PhotoText)
            changed = insert.on_conflict_do_update(index_elements=["photo_id"], set_={"words": insert.excluded.words})
            session.execute(changed, rows)
