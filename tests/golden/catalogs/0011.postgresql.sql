--
-- PostgreSQL database dump
--

-- Dumped from database version 16.2
-- Dumped by pg_dump version 16.2

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: index_photo_words(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.index_photo_words() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
  INSERT INTO photo_words VALUES (NEW.photo_id, to_tsvector('simple', NEW.words))
  ON CONFLICT (photo_id) DO UPDATE SET words = excluded.words;
  RETURN NULL; END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: album; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.album (
    id integer NOT NULL,
    name character varying NOT NULL,
    key character varying NOT NULL,
    query character varying
);


--
-- Name: album_content; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.album_content (
    album_id integer NOT NULL,
    content_id integer NOT NULL
);


--
-- Name: album_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.album_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: album_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.album_id_seq OWNED BY public.album.id;


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: alike; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alike (
    first_id integer NOT NULL,
    second_id integer NOT NULL,
    likeness character varying(8) NOT NULL
);


--
-- Name: clock; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clock (
    id integer NOT NULL,
    catalog character varying(32) NOT NULL,
    revision bigint NOT NULL,
    encoder_id integer,
    paused boolean DEFAULT false NOT NULL,
    cancelled_at bigint DEFAULT '0'::bigint NOT NULL,
    compared_at bigint DEFAULT '0'::bigint NOT NULL,
    compared_by integer
);


--
-- Name: clock_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.clock_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: clock_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.clock_id_seq OWNED BY public.clock.id;


--
-- Name: content; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.content (
    id integer NOT NULL,
    sha256 character varying(64) NOT NULL,
    size bigint NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    format character varying(16) NOT NULL,
    taken_at timestamp without time zone,
    revision bigint NOT NULL,
    kind character varying(8) DEFAULT 'photo'::character varying NOT NULL
);


--
-- Name: content_colours; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.content_colours (
    content_id integer NOT NULL,
    colours integer NOT NULL
);


--
-- Name: content_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.content_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: content_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.content_id_seq OWNED BY public.content.id;


--
-- Name: content_looks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.content_looks (
    content_id integer NOT NULL,
    looks bigint NOT NULL,
    detail bytea NOT NULL,
    colours bigint NOT NULL,
    sharpness double precision NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: encoder; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.encoder (
    id integer NOT NULL,
    fingerprint character varying(64) NOT NULL,
    name character varying NOT NULL,
    dim integer NOT NULL,
    source character varying
);


--
-- Name: encoder_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.encoder_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: encoder_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.encoder_id_seq OWNED BY public.encoder.id;


--
-- Name: folder; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.folder (
    id integer NOT NULL,
    path character varying NOT NULL,
    state character varying(16) NOT NULL,
    scanned_at timestamp with time zone,
    exclude character varying DEFAULT ''::character varying NOT NULL,
    mounts character varying DEFAULT ''::character varying NOT NULL
);


--
-- Name: folder_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.folder_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: folder_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.folder_id_seq OWNED BY public.folder.id;


--
-- Name: frame; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.frame (
    id integer NOT NULL,
    content_id integer NOT NULL,
    time_s double precision NOT NULL
);


--
-- Name: frame_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.frame_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: frame_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.frame_id_seq OWNED BY public.frame.id;


--
-- Name: frame_vector; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.frame_vector (
    frame_id integer NOT NULL,
    encoder_id integer NOT NULL,
    data bytea NOT NULL
);


--
-- Name: name; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.name (
    id integer NOT NULL,
    name character varying NOT NULL,
    words character varying NOT NULL
);


--
-- Name: name_example; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.name_example (
    name_id integer NOT NULL,
    content_id integer NOT NULL
);


--
-- Name: name_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.name_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: name_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.name_id_seq OWNED BY public.name.id;


--
-- Name: photo; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.photo (
    id integer NOT NULL,
    folder_id integer NOT NULL,
    path character varying NOT NULL,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    state character varying(16) NOT NULL,
    content_id integer,
    error character varying
);


--
-- Name: photo_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.photo_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: photo_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.photo_id_seq OWNED BY public.photo.id;


--
-- Name: photo_keyword; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.photo_keyword (
    photo_id integer NOT NULL,
    keyword character varying NOT NULL
);


--
-- Name: photo_metadata; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.photo_metadata (
    photo_id integer NOT NULL,
    version integer NOT NULL,
    sidecar_mtime_ns bigint,
    taken_at timestamp without time zone,
    taken_at_offset_minutes integer,
    taken_at_source character varying(8),
    camera character varying,
    lens character varying,
    latitude double precision,
    longitude double precision,
    rating integer,
    title character varying,
    caption character varying
);


--
-- Name: photo_tag; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.photo_tag (
    photo_id integer NOT NULL,
    tag character varying NOT NULL,
    state character varying(16) NOT NULL,
    encoder_id integer,
    probability double precision
);


--
-- Name: photo_text; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.photo_text (
    photo_id integer NOT NULL,
    words text NOT NULL
);


--
-- Name: photo_words; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.photo_words (
    photo_id integer NOT NULL,
    words tsvector NOT NULL
);


--
-- Name: vector; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.vector (
    content_id integer NOT NULL,
    encoder_id integer NOT NULL,
    data bytea NOT NULL
);


--
-- Name: album id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.album ALTER COLUMN id SET DEFAULT nextval('public.album_id_seq'::regclass);


--
-- Name: clock id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clock ALTER COLUMN id SET DEFAULT nextval('public.clock_id_seq'::regclass);


--
-- Name: content id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content ALTER COLUMN id SET DEFAULT nextval('public.content_id_seq'::regclass);


--
-- Name: encoder id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encoder ALTER COLUMN id SET DEFAULT nextval('public.encoder_id_seq'::regclass);


--
-- Name: folder id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.folder ALTER COLUMN id SET DEFAULT nextval('public.folder_id_seq'::regclass);


--
-- Name: frame id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame ALTER COLUMN id SET DEFAULT nextval('public.frame_id_seq'::regclass);


--
-- Name: name id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.name ALTER COLUMN id SET DEFAULT nextval('public.name_id_seq'::regclass);


--
-- Name: photo id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo ALTER COLUMN id SET DEFAULT nextval('public.photo_id_seq'::regclass);


--
-- Data for Name: album; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.album VALUES (1, 'Best', 'best', NULL);
INSERT INTO public.album VALUES (2, 'Dogs', 'dogs', 'a dog');


--
-- Data for Name: album_content; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.album_content VALUES (1, 1);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0011');


--
-- Data for Name: alike; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alike VALUES (1, 2, 'copy');


--
-- Data for Name: clock; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.clock VALUES (1, '59d6646a8f724663ab095e070ff72657', 1, NULL, false, 0, 0, NULL);


--
-- Data for Name: content; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.content VALUES (1, '1111111111111111111111111111111111111111111111111111111111111111', 5000000000, 4000, 3000, 'JPEG', '2019-07-14 18:05:59', 1, 'photo');
INSERT INTO public.content VALUES (2, '2222222222222222222222222222222222222222222222222222222222222222', 5000000000, 4000, 3000, 'JPEG', NULL, 1, 'photo');


--
-- Data for Name: content_colours; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.content_colours VALUES (1, 5);


--
-- Data for Name: content_looks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.content_looks VALUES (1, -1, '\x0000000000000000000000000000000000000000000000000000000000000000', 1099511627776, 0.5, 1);


--
-- Data for Name: encoder; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.encoder VALUES (1, '0123456789abcdef', 'starter', 4, NULL);


--
-- Data for Name: folder; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.folder VALUES (1, '/photos', 'online', '2026-01-02 00:00:00+00', '', '');
INSERT INTO public.folder VALUES (2, '/stick/caf􍳩', 'offline', NULL, '', '');


--
-- Data for Name: frame; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.frame VALUES (1, 2, 2.5);


--
-- Data for Name: frame_vector; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.frame_vector VALUES (1, 1, '\x00380038003800b8');


--
-- Data for Name: name; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.name VALUES (1, 'Rex', 'rex');


--
-- Data for Name: name_example; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.name_example VALUES (1, 1);


--
-- Data for Name: photo; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo VALUES (1, 1, '/photos/a.jpg', 5000000000, 1767312000123456789, 'present', 1, NULL);
INSERT INTO public.photo VALUES (2, 1, '/photos/it''s a copy.jpg', 5000000000, 1767312000123456789, 'present', 1, NULL);
INSERT INTO public.photo VALUES (3, 1, '/photos/gone.jpg', 5000000000, 1767312000123456789, 'missing', 2, NULL);
INSERT INTO public.photo VALUES (4, 2, '/stick/caf􍳩/x.png', 5000000000, 1767312000123456789, 'present', NULL, 'empty file');


--
-- Data for Name: photo_keyword; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo_keyword VALUES (1, 'café 􍳩');


--
-- Data for Name: photo_metadata; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo_metadata VALUES (1, 1, NULL, '2019-07-14 18:05:59', NULL, NULL, 'Maker One', NULL, 48.2, 16.37, 5, 'a title', NULL);


--
-- Data for Name: photo_tag; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo_tag VALUES (1, 'dog', 'suggested', 1, 0.75);
INSERT INTO public.photo_tag VALUES (1, 'Rex', 'own', NULL, NULL);


--
-- Data for Name: photo_text; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo_text VALUES (1, 'photos a jpg ǁ a title ǁ cafe ǁ rex');
INSERT INTO public.photo_text VALUES (2, 'photos it s a copy jpg');
INSERT INTO public.photo_text VALUES (4, 'stick caf x png');
INSERT INTO public.photo_text VALUES (3, 'photos gone jpg');


--
-- Data for Name: photo_words; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo_words VALUES (1, '''a'':2,5 ''cafe'':8 ''jpg'':3 ''photos'':1 ''rex'':10 ''title'':6 ''ǁ'':4,7,9');
INSERT INTO public.photo_words VALUES (2, '''a'':4 ''copy'':5 ''it'':2 ''jpg'':6 ''photos'':1 ''s'':3');
INSERT INTO public.photo_words VALUES (4, '''caf'':2 ''png'':4 ''stick'':1 ''x'':3');
INSERT INTO public.photo_words VALUES (3, '''gone'':2 ''jpg'':3 ''photos'':1');


--
-- Data for Name: vector; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.vector VALUES (1, 1, '\x00380038003800b8');


--
-- Name: album_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.album_id_seq', 2, true);


--
-- Name: clock_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.clock_id_seq', 1, false);


--
-- Name: content_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.content_id_seq', 2, true);


--
-- Name: encoder_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.encoder_id_seq', 1, true);


--
-- Name: folder_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.folder_id_seq', 2, true);


--
-- Name: frame_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.frame_id_seq', 1, true);


--
-- Name: name_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.name_id_seq', 1, true);


--
-- Name: photo_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.photo_id_seq', 4, true);


--
-- Name: album_content album_content_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.album_content
    ADD CONSTRAINT album_content_pkey PRIMARY KEY (album_id, content_id);


--
-- Name: album album_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.album
    ADD CONSTRAINT album_key_key UNIQUE (key);


--
-- Name: album album_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.album
    ADD CONSTRAINT album_pkey PRIMARY KEY (id);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: alike alike_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alike
    ADD CONSTRAINT alike_pkey PRIMARY KEY (first_id, second_id);


--
-- Name: clock clock_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (id);


--
-- Name: content_colours content_colours_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content_colours
    ADD CONSTRAINT content_colours_pkey PRIMARY KEY (content_id);


--
-- Name: content_looks content_looks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content_looks
    ADD CONSTRAINT content_looks_pkey PRIMARY KEY (content_id);


--
-- Name: content content_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content
    ADD CONSTRAINT content_pkey PRIMARY KEY (id);


--
-- Name: content content_sha256_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content
    ADD CONSTRAINT content_sha256_key UNIQUE (sha256);


--
-- Name: encoder encoder_fingerprint_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encoder
    ADD CONSTRAINT encoder_fingerprint_key UNIQUE (fingerprint);


--
-- Name: encoder encoder_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.encoder
    ADD CONSTRAINT encoder_pkey PRIMARY KEY (id);


--
-- Name: folder folder_path_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.folder
    ADD CONSTRAINT folder_path_key UNIQUE (path);


--
-- Name: folder folder_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.folder
    ADD CONSTRAINT folder_pkey PRIMARY KEY (id);


--
-- Name: frame frame_content_id_time_s_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame
    ADD CONSTRAINT frame_content_id_time_s_key UNIQUE (content_id, time_s);


--
-- Name: frame frame_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame
    ADD CONSTRAINT frame_pkey PRIMARY KEY (id);


--
-- Name: frame_vector frame_vector_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame_vector
    ADD CONSTRAINT frame_vector_pkey PRIMARY KEY (frame_id, encoder_id);


--
-- Name: name_example name_example_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.name_example
    ADD CONSTRAINT name_example_pkey PRIMARY KEY (name_id, content_id);


--
-- Name: name name_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.name
    ADD CONSTRAINT name_pkey PRIMARY KEY (id);


--
-- Name: name name_words_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.name
    ADD CONSTRAINT name_words_key UNIQUE (words);


--
-- Name: photo_keyword photo_keyword_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_keyword
    ADD CONSTRAINT photo_keyword_pkey PRIMARY KEY (photo_id, keyword);


--
-- Name: photo_metadata photo_metadata_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_metadata
    ADD CONSTRAINT photo_metadata_pkey PRIMARY KEY (photo_id);


--
-- Name: photo photo_path_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_path_key UNIQUE (path);


--
-- Name: photo photo_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_pkey PRIMARY KEY (id);


--
-- Name: photo_tag photo_tag_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_tag
    ADD CONSTRAINT photo_tag_pkey PRIMARY KEY (photo_id, tag);


--
-- Name: photo_text photo_text_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_text
    ADD CONSTRAINT photo_text_pkey PRIMARY KEY (photo_id);


--
-- Name: photo_words photo_words_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_words
    ADD CONSTRAINT photo_words_pkey PRIMARY KEY (photo_id);


--
-- Name: vector vector_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vector
    ADD CONSTRAINT vector_pkey PRIMARY KEY (content_id, encoder_id);


--
-- Name: ix_album_content_content_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_album_content_content_id ON public.album_content USING btree (content_id);


--
-- Name: ix_alike_second_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_alike_second_id ON public.alike USING btree (second_id);


--
-- Name: ix_content_looks_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_content_looks_revision ON public.content_looks USING btree (revision);


--
-- Name: ix_content_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_content_revision ON public.content USING btree (revision);


--
-- Name: ix_name_example_content_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_name_example_content_id ON public.name_example USING btree (content_id);


--
-- Name: ix_photo_content_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_content_id ON public.photo USING btree (content_id);


--
-- Name: ix_photo_folder_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_folder_id ON public.photo USING btree (folder_id);


--
-- Name: ix_photo_keyword_keyword; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_keyword_keyword ON public.photo_keyword USING btree (keyword);


--
-- Name: ix_photo_metadata_camera; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_metadata_camera ON public.photo_metadata USING btree (camera);


--
-- Name: ix_photo_metadata_place; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_metadata_place ON public.photo_metadata USING btree (latitude, longitude);


--
-- Name: ix_photo_metadata_taken_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_metadata_taken_at ON public.photo_metadata USING btree (taken_at);


--
-- Name: ix_photo_tag_tag; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_tag_tag ON public.photo_tag USING btree (tag);


--
-- Name: ix_photo_words_words; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_words_words ON public.photo_words USING gin (words);


--
-- Name: ix_vector_encoder_content; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_vector_encoder_content ON public.vector USING btree (encoder_id, content_id);


--
-- Name: photo_text photo_text_changed; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER photo_text_changed AFTER INSERT OR UPDATE ON public.photo_text FOR EACH ROW EXECUTE FUNCTION public.index_photo_words();


--
-- Name: album_content album_content_album_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.album_content
    ADD CONSTRAINT album_content_album_id_fkey FOREIGN KEY (album_id) REFERENCES public.album(id) ON DELETE CASCADE;


--
-- Name: album_content album_content_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.album_content
    ADD CONSTRAINT album_content_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: alike alike_first_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alike
    ADD CONSTRAINT alike_first_id_fkey FOREIGN KEY (first_id) REFERENCES public.content(id);


--
-- Name: alike alike_second_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alike
    ADD CONSTRAINT alike_second_id_fkey FOREIGN KEY (second_id) REFERENCES public.content(id);


--
-- Name: content_colours content_colours_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content_colours
    ADD CONSTRAINT content_colours_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: content_looks content_looks_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.content_looks
    ADD CONSTRAINT content_looks_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: frame frame_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame
    ADD CONSTRAINT frame_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: frame_vector frame_vector_encoder_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame_vector
    ADD CONSTRAINT frame_vector_encoder_id_fkey FOREIGN KEY (encoder_id) REFERENCES public.encoder(id);


--
-- Name: frame_vector frame_vector_frame_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.frame_vector
    ADD CONSTRAINT frame_vector_frame_id_fkey FOREIGN KEY (frame_id) REFERENCES public.frame(id);


--
-- Name: name_example name_example_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.name_example
    ADD CONSTRAINT name_example_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: name_example name_example_name_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.name_example
    ADD CONSTRAINT name_example_name_id_fkey FOREIGN KEY (name_id) REFERENCES public.name(id) ON DELETE CASCADE;


--
-- Name: photo photo_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: photo photo_folder_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_folder_id_fkey FOREIGN KEY (folder_id) REFERENCES public.folder(id);


--
-- Name: photo_keyword photo_keyword_photo_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_keyword
    ADD CONSTRAINT photo_keyword_photo_id_fkey FOREIGN KEY (photo_id) REFERENCES public.photo(id) ON DELETE CASCADE;


--
-- Name: photo_metadata photo_metadata_photo_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_metadata
    ADD CONSTRAINT photo_metadata_photo_id_fkey FOREIGN KEY (photo_id) REFERENCES public.photo(id) ON DELETE CASCADE;


--
-- Name: photo_tag photo_tag_photo_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_tag
    ADD CONSTRAINT photo_tag_photo_id_fkey FOREIGN KEY (photo_id) REFERENCES public.photo(id) ON DELETE CASCADE;


--
-- Name: photo_text photo_text_photo_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_text
    ADD CONSTRAINT photo_text_photo_id_fkey FOREIGN KEY (photo_id) REFERENCES public.photo(id) ON DELETE CASCADE;


--
-- Name: photo_words photo_words_photo_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo_words
    ADD CONSTRAINT photo_words_photo_id_fkey FOREIGN KEY (photo_id) REFERENCES public.photo_text(photo_id) ON DELETE CASCADE;


--
-- Name: vector vector_content_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vector
    ADD CONSTRAINT vector_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);


--
-- Name: vector vector_encoder_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vector
    ADD CONSTRAINT vector_encoder_id_fkey FOREIGN KEY (encoder_id) REFERENCES public.encoder(id);


--
-- PostgreSQL database dump complete
--

