BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE clock (
	id INTEGER NOT NULL, 
	catalog VARCHAR(32) NOT NULL, 
	revision BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "clock" VALUES(1,'aaae87e0e6c443aba5ec5f3952569dfb',1);
CREATE TABLE content (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sha256 VARCHAR(64) NOT NULL, 
	size BIGINT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	format VARCHAR(16) NOT NULL, 
	taken_at DATETIME, 
	revision BIGINT NOT NULL, 
	UNIQUE (sha256)
);
INSERT INTO "content" VALUES(1,'1111111111111111111111111111111111111111111111111111111111111111',5000000000,4000,3000,'JPEG','2019-07-14 18:05:59.000000',1);
INSERT INTO "content" VALUES(2,'2222222222222222222222222222222222222222222222222222222222222222',5000000000,4000,3000,'JPEG',NULL,1);
CREATE TABLE encoder (
	id INTEGER NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	name VARCHAR NOT NULL, 
	dim INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (fingerprint)
);
INSERT INTO "encoder" VALUES(1,'0123456789abcdef','starter',4);
CREATE TABLE folder (
	id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	scanned_at DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (path)
);
INSERT INTO "folder" VALUES(1,'/photos','online','2026-01-02 00:00:00.000000');
INSERT INTO "folder" VALUES(2,'/stick/caf􍳩','offline',NULL);
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
CREATE INDEX ix_photo_content_id ON photo (content_id);
CREATE INDEX ix_photo_folder_id ON photo (folder_id);
CREATE INDEX ix_vector_encoder_content ON vector (encoder_id, content_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('content',2);
INSERT INTO "sqlite_sequence" VALUES('photo',4);
COMMIT;
