BEGIN TRANSACTION;
CREATE TABLE album (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	"query" VARCHAR, 
	UNIQUE ("key")
);
INSERT INTO "album" VALUES(1,'Best','best',NULL);
INSERT INTO "album" VALUES(2,'Dogs','dogs','a dog');
CREATE TABLE album_content (
	album_id INTEGER NOT NULL, 
	content_id INTEGER NOT NULL, 
	PRIMARY KEY (album_id, content_id), 
	FOREIGN KEY(album_id) REFERENCES album (id) ON DELETE CASCADE, 
	FOREIGN KEY(content_id) REFERENCES content (id)
);
INSERT INTO "album_content" VALUES(1,1);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0011');
CREATE TABLE alike (
	first_id INTEGER NOT NULL, 
	second_id INTEGER NOT NULL, 
	likeness VARCHAR(8) NOT NULL, 
	PRIMARY KEY (first_id, second_id), 
	FOREIGN KEY(first_id) REFERENCES content (id), 
	FOREIGN KEY(second_id) REFERENCES content (id)
);
INSERT INTO "alike" VALUES(1,2,'copy');
CREATE TABLE clock (
	id INTEGER NOT NULL, 
	catalog VARCHAR(32) NOT NULL, 
	revision BIGINT NOT NULL, encoder_id INTEGER, paused BOOLEAN DEFAULT 0 NOT NULL, cancelled_at BIGINT DEFAULT '0' NOT NULL, compared_at BIGINT DEFAULT '0' NOT NULL, compared_by INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "clock" VALUES(1,'b99a77554d4841c08d8d1a672936bb08',1,NULL,0,0,0,NULL);
CREATE TABLE content (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sha256 VARCHAR(64) NOT NULL, 
	size BIGINT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	format VARCHAR(16) NOT NULL, 
	taken_at DATETIME, 
	revision BIGINT NOT NULL, kind VARCHAR(8) DEFAULT 'photo' NOT NULL, 
	UNIQUE (sha256)
);
INSERT INTO "content" VALUES(1,'1111111111111111111111111111111111111111111111111111111111111111',5000000000,4000,3000,'JPEG','2019-07-14 18:05:59.000000',1,'photo');
INSERT INTO "content" VALUES(2,'2222222222222222222222222222222222222222222222222222222222222222',5000000000,4000,3000,'JPEG',NULL,1,'photo');
CREATE TABLE content_colours (
	content_id INTEGER NOT NULL, 
	colours INTEGER NOT NULL, 
	PRIMARY KEY (content_id), 
	FOREIGN KEY(content_id) REFERENCES content (id)
);
INSERT INTO "content_colours" VALUES(1,5);
CREATE TABLE content_looks (
	content_id INTEGER NOT NULL, 
	looks BIGINT NOT NULL, 
	detail BLOB NOT NULL, 
	colours BIGINT NOT NULL, 
	sharpness DOUBLE NOT NULL, 
	revision BIGINT NOT NULL, 
	PRIMARY KEY (content_id), 
	FOREIGN KEY(content_id) REFERENCES content (id)
);
INSERT INTO "content_looks" VALUES(1,-1,X'0000000000000000000000000000000000000000000000000000000000000000',1099511627776,0.5,1);
CREATE TABLE encoder (
	id INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	name VARCHAR NOT NULL, 
	dim INTEGER NOT NULL, source VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (fingerprint)
);
INSERT INTO "encoder" VALUES(1,'0123456789abcdef','starter',4,NULL);
CREATE TABLE folder (
	id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	scanned_at DATETIME, exclude VARCHAR DEFAULT '' NOT NULL, mounts VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (path)
);
INSERT INTO "folder" VALUES(1,'/photos','online','2026-01-02 00:00:00.000000','','');
INSERT INTO "folder" VALUES(2,'/stick/caf􍳩','offline',NULL,'','');
CREATE TABLE frame (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	content_id INTEGER NOT NULL, 
	time_s DOUBLE NOT NULL, 
	UNIQUE (content_id, time_s), 
	FOREIGN KEY(content_id) REFERENCES content (id)
);
INSERT INTO "frame" VALUES(1,2,2.5);
CREATE TABLE frame_vector (
	frame_id INTEGER NOT NULL, 
	encoder_id INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	PRIMARY KEY (frame_id, encoder_id), 
	FOREIGN KEY(frame_id) REFERENCES frame (id), 
	FOREIGN KEY(encoder_id) REFERENCES encoder (id)
);
INSERT INTO "frame_vector" VALUES(1,1,X'00380038003800B8');
CREATE TABLE name (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (words)
);
INSERT INTO "name" VALUES(1,'Rex','rex');
CREATE TABLE name_example (
	name_id INTEGER NOT NULL, 
	content_id INTEGER NOT NULL, 
	PRIMARY KEY (name_id, content_id), 
	FOREIGN KEY(name_id) REFERENCES name (id) ON DELETE CASCADE, 
	FOREIGN KEY(content_id) REFERENCES content (id)
);
INSERT INTO "name_example" VALUES(1,1);
CREATE TABLE photo (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	folder_id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	content_id INTEGER, 
	error VARCHAR, 
	FOREIGN KEY(folder_id) REFERENCES folder (id), 
	UNIQUE (path), 
	FOREIGN KEY(content_id) REFERENCES content (id)
);
INSERT INTO "photo" VALUES(1,1,'/photos/a.jpg',5000000000,1767312000123456789,'present',1,NULL);
INSERT INTO "photo" VALUES(2,1,'/photos/it''s a copy.jpg',5000000000,1767312000123456789,'present',1,NULL);
INSERT INTO "photo" VALUES(3,1,'/photos/gone.jpg',5000000000,1767312000123456789,'missing',2,NULL);
INSERT INTO "photo" VALUES(4,2,'/stick/caf􍳩/x.png',5000000000,1767312000123456789,'present',NULL,'empty file');
CREATE TABLE photo_keyword (
	photo_id INTEGER NOT NULL, 
	keyword VARCHAR NOT NULL, 
	PRIMARY KEY (photo_id, keyword), 
	FOREIGN KEY(photo_id) REFERENCES photo (id) ON DELETE CASCADE
);
INSERT INTO "photo_keyword" VALUES(1,'café 􍳩');
CREATE TABLE photo_metadata (
	photo_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	sidecar_mtime_ns BIGINT, 
	taken_at DATETIME, 
	taken_at_offset_minutes INTEGER, 
	taken_at_source VARCHAR(8), 
	camera VARCHAR, 
	lens VARCHAR, 
	latitude DOUBLE, 
	longitude DOUBLE, 
	rating INTEGER, 
	title VARCHAR, 
	caption VARCHAR, 
	PRIMARY KEY (photo_id), 
	FOREIGN KEY(photo_id) REFERENCES photo (id) ON DELETE CASCADE
);
INSERT INTO "photo_metadata" VALUES(1,1,NULL,'2019-07-14 18:05:59.000000',NULL,NULL,'Maker One',NULL,48.2,16.37,5,'a title',NULL);
CREATE TABLE photo_tag (
	photo_id INTEGER NOT NULL, 
	tag VARCHAR NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	encoder_id INTEGER, 
	probability DOUBLE, 
	PRIMARY KEY (photo_id, tag), 
	FOREIGN KEY(photo_id) REFERENCES photo (id) ON DELETE CASCADE
);
INSERT INTO "photo_tag" VALUES(1,'dog','suggested',1,0.75);
INSERT INTO "photo_tag" VALUES(1,'Rex','own',NULL,NULL);
CREATE TABLE photo_text (
	photo_id INTEGER NOT NULL, 
	words TEXT NOT NULL, 
	PRIMARY KEY (photo_id), 
	FOREIGN KEY(photo_id) REFERENCES photo (id) ON DELETE CASCADE
);
INSERT INTO "photo_text" VALUES(1,'photos a jpg ǁ a title ǁ cafe ǁ rex');
INSERT INTO "photo_text" VALUES(2,'photos it s a copy jpg');
INSERT INTO "photo_text" VALUES(3,'photos gone jpg');
INSERT INTO "photo_text" VALUES(4,'stick caf x png');
CREATE TABLE vector (
	content_id INTEGER NOT NULL, 
	encoder_id INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	PRIMARY KEY (content_id, encoder_id), 
	FOREIGN KEY(content_id) REFERENCES content (id), 
	FOREIGN KEY(encoder_id) REFERENCES encoder (id)
);
INSERT INTO "vector" VALUES(1,1,X'00380038003800B8');
CREATE INDEX ix_content_revision ON content (revision);
CREATE INDEX ix_photo_folder_id ON photo (folder_id);
CREATE INDEX ix_photo_content_id ON photo (content_id);
CREATE INDEX ix_vector_encoder_content ON vector (encoder_id, content_id);
CREATE INDEX ix_photo_metadata_taken_at ON photo_metadata (taken_at);
CREATE INDEX ix_photo_metadata_camera ON photo_metadata (camera);
CREATE INDEX ix_photo_metadata_place ON photo_metadata (latitude, longitude);
CREATE INDEX ix_photo_keyword_keyword ON photo_keyword (keyword);
CREATE INDEX ix_content_looks_revision ON content_looks (revision);
CREATE INDEX ix_alike_second_id ON alike (second_id);
CREATE TRIGGER photo_text_added AFTER INSERT ON photo_text BEGIN
  INSERT INTO photo_words (rowid, words) VALUES (new.photo_id, new.words); END;
CREATE TRIGGER photo_text_gone AFTER DELETE ON photo_text BEGIN
  INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', old.photo_id, old.words); END;
CREATE TRIGGER photo_text_changed AFTER UPDATE ON photo_text BEGIN
  INSERT INTO photo_words (photo_words, rowid, words) VALUES ('delete', old.photo_id, old.words);
  INSERT INTO photo_words (rowid, words) VALUES (new.photo_id, new.words); END;
CREATE INDEX ix_photo_tag_tag ON photo_tag (tag);
CREATE INDEX ix_name_example_content_id ON name_example (content_id);
CREATE INDEX ix_album_content_content_id ON album_content (content_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('content',2);
INSERT INTO "sqlite_sequence" VALUES('photo',4);
INSERT INTO "sqlite_sequence" VALUES('album',2);
INSERT INTO "sqlite_sequence" VALUES('frame',1);
CREATE VIRTUAL TABLE photo_words USING fts5(words, content='photo_text', content_rowid='photo_id');
INSERT INTO photo_words(photo_words) VALUES('rebuild');
COMMIT;
