import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.conftest import paint


@pytest.fixture
def sightline(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> "Sightline":
    return Sightline()


class Sightline:
    """The command line, called in this process."""

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(main, words, catch_exceptions=False)


def test_index_search_similar_describe_status(sightline: Sightline, folder: Path) -> None:
    done = sightline("index", str(folder))
    assert done.exit_code == 0
    assert "5 indexed" in done.stderr
    assert done.stdout == "", "results go to stdout, messages to stderr"

    lines = sightline("search", "many", "colours", "-k", "3").stdout.splitlines()
    assert len(lines) == 3
    relevance, score, path = lines[0].split("  ", 2)
    assert 0 <= float(relevance) <= 1
    assert -1 <= float(score) <= 1
    assert Path(path).is_file()

    paths = sightline("search", "many colours", "--paths").stdout.splitlines()
    assert set(paths) == {str(p) for p in folder.rglob("*.*") if p.is_file()}

    answer = json.loads(sightline("similar", str(folder / "a.jpg"), "--json").stdout)
    assert answer["searched"] == 5
    assert len(answer["items"]) == 4
    by_id = json.loads(sightline("similar", str(answer["items"][0]["id"]), "--json").stdout)
    assert len(by_id["items"]) == 4

    described = json.loads(sightline("describe", str(folder / "a.jpg"), "-c", "a cat", "-c", "a dog", "--json").stdout)
    assert {item["text"] for item in described} == {"a cat", "a dog"}
    tags = sightline("describe", str(folder / "a.jpg")).stdout.splitlines()
    assert len([line for line in tags if line[8:9] != " "]) == 5  # kinds of them are indented

    status = json.loads(sightline("status", "--json").stdout)
    assert status["searchable"] == 5
    assert str(folder) in sightline("status").stdout


def test_a_command_leaves_the_catalog_in_one_file(sightline: Sightline, own_home: Path) -> None:
    sightline("status")
    assert [path.name for path in own_home.glob("catalog.*")] == ["catalog.sqlite3"], "and no log of changes beside it"


def test_pictures_with_weights_in_a_search(sightline: Sightline, folder: Path, tmp_path: Path) -> None:
    sightline("index", str(folder))
    elsewhere = shutil.copy(folder / "c.webp", tmp_path / "copy^2.webp")
    own = str(folder / "sub" / "d.jpg")

    def first(*words: str) -> str:
        return Path(sightline("search", "--paths", "-k1", *words).stdout.strip()).name

    assert first("--image", elsewhere) == "c.webp"
    assert first("--image", str(elsewhere), "--image", f"{folder / 'sub' / 'deep' / 'e.png'}^0.1") == "c.webp"
    assert first("--image", elsewhere, "folder:deep") == "e.png"
    assert first("--image", f"{elsewhere}^-1") != "c.webp"
    assert first("--image", own) != "d.jpg", "a photo of the library is left out"
    assert sightline("search", "--image", str(tmp_path / "none.jpg")).exit_code == 2
    assert sightline("search", "--image", f"{elsewhere}^99").exit_code == 2
    assert sightline("search").exit_code == 2


def test_a_query_with_minus_and_filters(sightline: Sightline, folder: Path) -> None:
    sightline("index", str(folder))
    for words in (
        ["colours", "-kids", "folder:sub"],
        ["-k", "5", "--json", "folder:sub", "-kids"],
        ["--", "folder:sub"],
    ):
        done = sightline("search", *words)
        assert done.exit_code == 0
        assert set(re.findall(r"[a-e]\.(?:jpg|png|webp)", done.stdout)) == {"d.jpg", "e.png"}
    assert len(sightline("search", "-k1", "x", "-q").stdout.splitlines()) == 1


def test_a_fault_in_a_query_is_pointed_at(sightline: Sightline) -> None:
    done = sightline("search", "dog", "colr:red")
    assert done.exit_code == 2
    message, query, caret = done.stderr.splitlines()
    assert message.startswith("sightline: no filter colr: expected one of date")
    assert query[caret.index("^") :] == "colr:red"


def test_a_photo_outside_the_library_can_be_asked_with(sightline: Sightline, folder: Path, tmp_path: Path) -> None:
    sightline("index", str(folder))
    outside = paint(tmp_path / "elsewhere.png", 1)
    best = json.loads(sightline("similar", str(outside), "--json").stdout)["items"][0]
    assert best["path"] == str(folder / "b.png")
    assert sightline("describe", str(outside), "-c", "x").exit_code == 0


def test_index_without_folders_updates_all(sightline: Sightline, folder: Path) -> None:
    sightline("index", str(folder))
    assert "nothing to do, 5 photos unchanged" in sightline("index").stderr
    paint(folder / "new.png", 91)
    report = json.loads(sightline("index", "--json").stdout)
    assert (report[0]["indexed"], report[0]["unchanged"]) == (1, 5)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(sightline: Sightline, folder: Path) -> None:
    planned = sightline("index", "--dry-run", str(folder))
    assert len(planned.stdout.splitlines()) == 5
    assert f"read      {folder / 'a.jpg'}" in planned.stdout
    assert "no folder is indexed yet" in sightline("status").stdout
    sightline("index", str(folder))
    (folder / "a.jpg").unlink()
    paint(folder / "new.png", 91)
    lines = sightline("index", "--dry-run", "--json", "--exclude", "sub/", str(folder)).stdout.splitlines()
    assert [(json.loads(line)["action"], Path(json.loads(line)["path"]).name) for line in lines] == [
        ("read", "new.png"),
        ("missing", "a.jpg"),
        ("exclude", "d.jpg"),
        ("exclude", "e.png"),
    ]
    assert json.loads(sightline("status", "--json").stdout)["searchable"] == 5


def test_what_is_excluded_is_kept_with_the_folder(sightline: Sightline, folder: Path) -> None:
    assert "3 indexed" in sightline("index", str(folder), "--exclude", "*.jpg").stderr
    assert "nothing to do, 3 photos" in sightline("index").stderr
    assert "2 indexed" in sightline("index", str(folder), "--exclude", "").stderr


def test_failures_are_listed_with_their_reasons(sightline: Sightline, folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear photo,")
    assert "could not read" in sightline("index", str(folder)).stderr
    listed = sightline("status", "--failures").stdout
    assert f"{folder / 'letter.jpg'}\tnot a picture" in listed


def test_forget(sightline: Sightline, folder: Path) -> None:
    sightline("index", str(folder))
    assert "5 photos taken out" in sightline("forget", str(folder)).stderr
    assert sightline("search", "x").exit_code == 1
    assert (folder / "a.jpg").is_file()


def test_an_empty_folder_is_said(sightline: Sightline, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = sightline("index", str(tmp_path / "empty"))
    assert done.exit_code == 0
    assert "no photos found" in done.stderr


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("index", "/no/such/folder"), 2, "no such folder: /no/such/folder"),
        (("index", __file__), 2, "not a folder"),
        (("index",), 2, "no folder is indexed yet"),
        (("index", "--exclude", "x"), 2, "--exclude needs the folders"),
        (("index", "/", "--exclude", "!"), 2, "cannot exclude by !"),
        (("index", "/", "--dry-run", "--exclude", "!"), 2, "cannot exclude by !"),
        (("forget", "/never/indexed"), 2, "/never/indexed is not an indexed folder"),
        (("search", "x"), 1, "the library is empty"),
        (("search", ""), 2, "nothing to search for"),
        (("similar", "/no/photo.jpg"), 2, "no such file: /no/photo.jpg"),
        (("similar", "77"), 2, "no photo with id 77"),
        (("describe", __file__), 1, "not a picture"),
        (("--encoder", "no-such", "search", "x"), 1, "no encoder 'no-such'"),
    ],
)
def test_mistakes_get_one_line_and_an_exit_status(
    sightline: Sightline, words: tuple[str, ...], status: int, message: str
) -> None:
    done = sightline(*words)
    assert done.exit_code == status
    assert done.stdout == ""
    assert done.stderr.startswith("sightline: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_and_completion_list_the_commands_without_importing_them() -> None:
    check = (
        "import sys; from click.testing import CliRunner; from app.cli import COMMANDS, main, summary;"
        "context = main.make_context('sightline', [], resilient_parsing=True);"
        "print(CliRunner().invoke(main, ['--help']).stdout);"
        "print([item.value for item in main.shell_complete(context, 'sea')]);"
        "print({'sqlalchemy', 'pydantic', 'numpy', 'PIL'} & set(sys.modules));"
        "print([n for n in COMMANDS if main.get_command(context, n).get_short_help_str(60) != summary(n)])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    help_, completed, imported, otherwise = done.stdout.rsplit("\n", 4)[:4]
    assert "  search      " in help_ and "  completion  " in help_
    assert (completed, imported, otherwise) == ("['search']", "set()", "[]")


def test_help_teaches_without_opening_a_library(own_home: Path, tmp_path: Path) -> None:
    (own_home / "config.toml").write_text("this is not toml")
    for words in (["--help"], ["search", "--help"], ["index", "--help"]):
        done = subprocess.run([sys.executable, "-m", "app.cli", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0
        assert done.stdout.startswith("Usage:")


@pytest.mark.parametrize(
    ("config", "message"),
    [("this is not toml", "is not TOML"), ("enocder = 'x'", "enocder"), ("batch_size = 0", "batch_size")],
)
def test_a_wrong_configuration_is_said_in_one_line(
    sightline: Sightline, own_home: Path, config: str, message: str
) -> None:
    (own_home / "config.toml").write_text(config)
    done = sightline("status")
    assert done.exit_code == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_search_of_words_imports_nothing_that_it_does_not_need(own_home: Path, folder: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_ENCODER")}
    run = [sys.executable, "-m", "app.cli"]
    subprocess.run([*run, "index", str(folder)], check=True, env=environment, capture_output=True)
    script = (
        "import sys; from app.cli import main; main(['search', 'x'], standalone_mode=False); "
        "print([name for name in ('torch', 'open_clip', 'streamlit', 'lark', 'ftfy', 'sqlalchemy.dialects.postgresql') "
        "if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


def test_blas_threads_are_told_not_to_wait_before_they_start() -> None:
    code = "import os, sys, app.cli; print(os.environ['OPENBLAS_THREAD_TIMEOUT'], 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cycles, too_late = done.stdout.split()
    assert int(cycles) < 20 and too_late == "False"


def test_a_pass_with_nothing_to_do_imports_nothing_that_looks_at_photos(
    sightline: Sightline, own_home: Path, folder: Path
) -> None:
    sightline("index", str(folder))
    code = (
        "import sys; from app.cli import main; main(['index', sys.argv[1]], standalone_mode=False); "
        "print([name for name in ('torch', 'onnxruntime', 'faiss', 'numpy', 'PIL', 'rich', 'alembic', "
        "'pathspec') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert "nothing to do, 5 photos unchanged" in done.stderr
    assert done.stdout.strip() == "[]"


def test_doctor_says_what_is_wrong_and_why_a_file_is_not_found(
    sightline: Sightline, folder: Path, own_home: Path
) -> None:
    (folder / "letter.jpg").write_text("Dear photo,")
    sightline("index", str(folder))
    well = sightline("doctor")
    assert (well.exit_code, well.stdout.splitlines()[-1]) == (0, "all is well")

    next((own_home / "thumbnails").rglob("*.webp")).unlink()
    ill = sightline("doctor", "--json")
    assert ill.exit_code == 1
    assert [d["kind"] for d in json.loads(ill.stdout)["diagnoses"]] == ["thumbnail-missing", "file-failed"]
    assert "sightline doctor --repair will make it again" in sightline("doctor").stdout
    assert sightline("doctor", "--repair").exit_code == 0

    assert sightline("doctor", str(folder / "a.jpg")).exit_code == 0
    why = sightline("doctor", str(folder / "letter.jpg"))
    assert why.exit_code == 1
    assert "could not be read: not a picture" in why.stdout


def test_export_and_import_move_a_library(
    sightline: Sightline, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sightline("index", str(folder))
    found = sightline("search", "colours", "--paths").stdout
    out = sightline("export", str(tmp_path / "out"), "--json")
    assert out.exit_code == 0
    assert json.loads(out.stdout)["photos"] == 5
    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path / "other"))
    folder.rename(tmp_path / "elsewhere")
    assert sightline("import", str(tmp_path / "out"), "--map", "nonsense").exit_code == 2
    done = sightline("import", str(tmp_path / "out"), "--map", f"{folder}={tmp_path / 'elsewhere'}")
    assert done.exit_code == 0
    assert "5 photos, 5 contents and 5 vectors taken in" in done.stderr
    assert sightline("search", "colours", "--paths").stdout == found.replace(str(folder), str(tmp_path / "elsewhere"))
    assert "nothing to do" in sightline("index").stderr
    assert sightline("import", str(folder)).exit_code == 2, "no such folder"


def test_a_misspelt_command_is_told_with_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(main, ["serch", "a dog"])
    assert result.exit_code == 2 and "no command serch: did you mean search?" in result.stderr
    assert "no command zzz\n" in CliRunner().invoke(main, ["zzz"]).stderr


def test_a_file_that_is_no_picture_is_named(sightline: Sightline, folder: Path, tmp_path: Path) -> None:
    sightline("index", str(folder))
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Jane")
    for words in (["similar"], ["describe"], ["search", "--image", str(folder / "a.jpg"), "--image"]):
        for path, reason in ((letter, "not a picture"), (tmp_path, "Is a directory")):
            done = sightline(*words, str(path))
            assert done.exit_code == 1
            assert f"sightline: {path}: " in done.stderr and reason in done.stderr
    assert str(letter) in sightline("why", str(letter), "a dog").stderr


def test_a_subfolder_is_told_by_its_own_name(sightline: Sightline, folder: Path) -> None:
    sightline("index", str(folder))
    assert f"{folder / 'sub'}: nothing to do, 2 photos unchanged" in sightline("index", str(folder / "sub")).stderr
    assert f"{folder / 'sub' / 'deep'}: nothing to do, 1 photo unchanged" in (
        sightline("index", str(folder / "sub" / "deep")).stderr
    )


def test_an_encoder_that_is_none_is_said_in_one_line(sightline: Sightline) -> None:
    done = sightline("switch", "nope")
    assert done.exit_code == 1
    assert done.stderr.startswith("sightline: no encoder 'nope'")
