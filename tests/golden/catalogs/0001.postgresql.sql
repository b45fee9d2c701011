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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: clock; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.clock (
    id integer NOT NULL,
    catalog character varying(32) NOT NULL,
    revision bigint NOT NULL
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
    revision bigint NOT NULL
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
-- Name: encoder; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.encoder (
    id integer NOT NULL,
    fingerprint character varying(64) NOT NULL,
    name character varying NOT NULL,
    dim integer NOT NULL
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
    scanned_at timestamp with time zone
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
-- Name: vector; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.vector (
    content_id integer NOT NULL,
    encoder_id integer NOT NULL,
    data bytea NOT NULL
);


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
-- Name: photo id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.photo ALTER COLUMN id SET DEFAULT nextval('public.photo_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0001');


--
-- Data for Name: clock; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.clock VALUES (1, 'ff2b9ee83e224ca4b923bf2215ff7075', 1);


--
-- Data for Name: content; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.content VALUES (1, '1111111111111111111111111111111111111111111111111111111111111111', 5000000000, 4000, 3000, 'JPEG', '2019-07-14 18:05:59', 1);
INSERT INTO public.content VALUES (2, '2222222222222222222222222222222222222222222222222222222222222222', 5000000000, 4000, 3000, 'JPEG', NULL, 1);


--
-- Data for Name: encoder; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.encoder VALUES (1, '0123456789abcdef', 'starter', 4);


--
-- Data for Name: folder; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.folder VALUES (1, '/photos', 'online', '2026-01-02 00:00:00+00');
INSERT INTO public.folder VALUES (2, '/stick/caf􍳩', 'offline', NULL);


--
-- Data for Name: photo; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.photo VALUES (1, 1, '/photos/a.jpg', 5000000000, 1767312000123456789, 'present', 1, NULL);
INSERT INTO public.photo VALUES (2, 1, '/photos/it''s a copy.jpg', 5000000000, 1767312000123456789, 'present', 1, NULL);
INSERT INTO public.photo VALUES (3, 1, '/photos/gone.jpg', 5000000000, 1767312000123456789, 'missing', 2, NULL);
INSERT INTO public.photo VALUES (4, 2, '/stick/caf􍳩/x.png', 5000000000, 1767312000123456789, 'present', NULL, 'empty file');


--
-- Data for Name: vector; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.vector VALUES (1, 1, '\x00380038003800b8');


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
-- Name: photo_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.photo_id_seq', 4, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: clock clock_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.clock
    ADD CONSTRAINT clock_pkey PRIMARY KEY (id);


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
-- Name: vector vector_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.vector
    ADD CONSTRAINT vector_pkey PRIMARY KEY (content_id, encoder_id);


--
-- Name: ix_content_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_content_revision ON public.content USING btree (revision);


--
-- Name: ix_photo_content_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_content_id ON public.photo USING btree (content_id);


--
-- Name: ix_photo_folder_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_photo_folder_id ON public.photo USING btree (folder_id);


--
-- Name: ix_vector_encoder_content; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_vector_encoder_content ON public.vector USING btree (encoder_id, content_id);


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

