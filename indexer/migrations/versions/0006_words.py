"""The words that are written of photos, and the database's own index of them."""

import sqlalchemy as sa
from alembic import op

from indexer.fulltext import together

revision = "0006"
down_revision = "0005"
_AT_A_TIME = 1_000

SQLITE = """
CREATE VIRTUAL TABLE photo_words USING fts5(words, content='photo_text', content_rowid='photo_id');
CREATE TRIGGER photo_text_added AFTER INSERT ON photo_text BEGIN
  INSERT INTO photo_words (rowid, words) VALUES (new.photo_id, new.words); END;
CREATE TRIGGER photo_text_gone AFTER DELETE ON photo_text BEGIN
  INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', old.photo_id, old.words); END;
CREATE TRIGGER photo_text_changed AFTER UPDATE ON photo_text BEGIN
  INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', old.photo_id, old.words);
  INSERT INTO photo_words (rowid, words) VALUES (new.photo_id, new.words); END
"""
POSTGRESQL = """
CREATE TABLE photo_words (
  photo_id INTEGER PRIMARY KEY REFERENCES photo_text (photo_id) ON DELETE CASCADE, words TSVECTOR NOT NULL);
CREATE INDEX ix_photo_words_words ON photo_words USING gin (words);
CREATE FUNCTION index_photo_words() RETURNS trigger AS $$ BEGIN
  INSERT INTO photo_words VALUES (NEW.photo_id, to_tsvector('simple', NEW.words))
  ON CONFLICT (photo_id) DO UPDATE SET words = excluded.words;
  RETURN NULL; END $$ LANGUAGE plpgsql;
CREATE TRIGGER photo_text_changed AFTER INSERT OR UPDATE ON photo_text
  FOR EACH ROW EXECUTE FUNCTION index_photo_words()
"""


def upgrade() -> None:
    op.create_table(
        "photo_text",
        sa.Column("photo_id", sa.Integer, sa.ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
    else:
        for statement in SQLITE.split(";\nCREATE"):
            op.execute(statement if statement.lstrip().startswith("CREATE") else f"CREATE{statement}")
    _fill()


def _fill() -> None:
    """Enters the photos that are known already."""
    connection, after = op.get_bind(), 0
    while True:
        photos = connection.execute(
            sa.text(
                "SELECT p.id, p.path, m.title, m.caption FROM photo p LEFT JOIN photo_metadata m ON m.photo_id = p.id"
                " WHERE p.id > :after ORDER BY p.id LIMIT :some"
            ),
            {"after": after, "some": _AT_A_TIME},
        ).all()
        if not photos:
            return
        first, after = after, photos[-1].id
        said: dict[int, list[str]] = {}
        for photo_id, keyword in connection.execute(
            sa.text(
                "SELECT photo_id, keyword FROM photo_keyword WHERE photo_id > :first AND photo_id <= :last"
                " ORDER BY photo_id, keyword"
            ),
            {"first": first, "last": after},
        ):
            said.setdefault(photo_id, []).append(keyword)
        rows = [
            {
                "id": photo.id,
                "words": together(filter(None, (*photo[1:], *said.get(photo.id, ())))),
            }
            for photo in photos
        ]
        connection.execute(sa.text("INSERT INTO photo_text (photo_id, words) VALUES (:id, :words)"), rows)
