"""Side files translate words, wherever they lie and however they are written."""

import gzip
import time
import zipfile

import polars as pl
import pytest

from etl.cells import protect_text
from etl.config.model import JobConfig, ReadConfig
from etl.errors import ConfigError
from etl.extract.scan import open_source
from etl.transform.compile import compile_recipe
from etl.transform.prepare import prepare
from etl.transform.side_files import read_side_files
from etl.transform.values import WORD, translate_words, translation_of

USERS = "Id,Email\n0051,ann@x.com\n"
OWNER = {"column": "O", "values": {"file": "User.csv", "from": "Id", "to": "Email"}}


class Desk:
    """A config's folder and, beside it, one with data."""

    def __init__(self, folder):
        self.folder, self.data, self.scratch = folder / "config", folder / "data", folder / "scratch"
        self.folder.mkdir()
        self.data.mkdir()
        (self.data / "tasks.csv").write_text("Id,Title,O\n1,a title,0051\n")

    def owners(self, *names, rule=OWNER, source=None):
        fields = {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"value": "mem_1"}, "owner": rule}
        job = JobConfig.model_validate({"name": "import", "source": {"key": "Id", **(source or {})}, "map": fields})
        config = ReadConfig(job, self.folder / "job.yaml", "0" * 64, {})
        names = names or ("tasks.csv",)
        with open_source(job.source, names, self.data, names=frozenset({"Id", "Title", "O"}), scratch=self.scratch) as opened:
            side_files = read_side_files(config, opened.side_tables)
            recipes = [compile_recipe(config, file, {}, side_files=side_files) for file in opened.files]
            return [owner for raw in opened.batches() for owner in prepare(recipes[raw.file.index], raw).frame["owner"]]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def with_users(email, target):
    target.write_text(USERS.replace("ann@x.com", email))


def test_a_side_file_is_looked_for_in_the_archive_then_beside_the_config_then_beside_the_data(desk):
    with_users("data@x.com", desk.data / "User.csv")
    assert desk.owners() == ["data@x.com"]
    with_users("config@x.com", desk.folder / "User.csv")
    assert desk.owners() == ["config@x.com"]
    with zipfile.ZipFile(desk.data / "backup.zip", "w") as archive:
        archive.writestr("export/Task.csv", "Id,Title,O\n1,t,0051\n")
        archive.writestr("export/user.CSV", USERS)
    assert desk.owners("backup.zip") == ["ann@x.com"]


def test_one_that_is_nowhere_is_refused_with_all_the_places(desk):
    with zipfile.ZipFile(desk.data / "backup.zip", "w") as archive:
        archive.writestr("Task.csv", "Id,Title,O\n1,t,0051\n")
    with pytest.raises(ConfigError, match=r"side file 'User.csv' does not exist; it was looked for in backup.zip, ") as caught:
        desk.owners("backup.zip")
    assert str(desk.folder) in caught.value.message
    assert str(desk.data) in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_its_encoding_and_delimiter_are_found_as_the_data_s_are(desk, encoding, delimiter):
    lines = ["Email|Id", "josé@x.com|0051", "ann@x.com|0052", "|0053"]
    (desk.folder / "User.csv").write_bytes("\n".join(lines).replace("|", delimiter).encode(encoding))
    assert desk.owners() == ["josé@x.com"]


@pytest.mark.parametrize("name", ["User.parquet", "User.csv.gz", "User.ndjson", "User.zip"])
def test_it_may_be_of_any_format_and_packed(desk, name):
    path = desk.folder / name
    if name.endswith("parquet"):
        pl.DataFrame({"Id": ["0051"], "owner": [{"Email": "ann@x.com"}]}).write_parquet(path)
    elif name.endswith("ndjson"):
        path.write_text('{"Id": "0051", "owner": {"Email": "ann@x.com"}}\n')
    else:
        path.write_bytes(gzip.compress(USERS.encode()))
    to = "owner.Email" if name.endswith(("parquet", "ndjson")) else "Email"
    rule = {"column": "O", "values": {"file": name, "from": "id", "to": to}}
    if name.endswith("zip"):
        with pytest.raises(ConfigError, match=r"User.zip: is an archive: name the table in it"):
            desk.owners(rule=rule)
    else:
        assert desk.owners(rule=rule) == ["ann@x.com"]


def test_one_that_says_two_things_of_one_word_is_refused(desk):
    (desk.folder / "User.csv").write_text("Id,Email\n0051,a@x.com\n0052,b@x.com\n 0051,c@x.com\n0051,a@x.com\n")
    with pytest.raises(ConfigError, match=r"translates '0051' twice: to 'a@x.com' and 'c@x.com'"):
        desk.owners()


def test_a_column_that_it_lacks_is_named_with_the_nearest(desk):
    (desk.folder / "User.csv").write_text("Ids,Email\n0051,a@x.com\n")
    with pytest.raises(ConfigError, match=r"side file 'User.csv' has no column 'Id'; nearest: 'Ids'; its columns are: Ids, Email"):
        desk.owners()


def test_lookups_csv_translates_what_a_person_filled_in_and_may_be_missing(desk):
    rule = {"column": "O", "values": "lookups.csv"}
    assert desk.owners(rule=rule) == ["0051"]
    (desk.folder / "lookups.csv").write_text("field,value,rows,use\nowner,0051,3,'=mem_9\n$account,0051,2,acc\nowner,0052,1,\n")
    assert desk.owners(rule=rule) == ["=mem_9"]


@pytest.mark.parametrize("use", ["'=mem_9", "''=mem_9", "'mem_9", "-mem_9"])
def test_lookups_csv_gives_back_what_was_protected_for_a_spreadsheet_apostrophes_included(desk, use):
    (desk.folder / "lookups.csv").write_text(f"field,value,use\nowner,0051,{protect_text(use)}\n")
    assert desk.owners(rule={"column": "O", "values": "lookups.csv"}) == [use]


@pytest.mark.parametrize(
    ("encoding", "separator", "statement"),
    [("utf-8-sig", ";", "sep=;\r\n"), ("utf-16", "\t", ""), ("utf-16", ";", "sep=;\r\n"), ("utf-8", ",", ""), ("cp1252", ";", "")],
)
def test_lookups_csv_is_read_however_a_spreadsheet_saved_it(desk, encoding, separator, statement):
    lines = (("field", "value", "rows", "use"), ("owner", "0051", "3", "Zoë"))
    text = statement + "".join(separator.join(line) + "\r\n" for line in lines)
    (desk.folder / "lookups.csv").write_bytes(text.encode(encoding))
    assert desk.owners(rule={"column": "O", "values": "lookups.csv"}) == ["Zoë"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_lookups_csv_has_an_encoding_of_its_own_whatever_that_of_the_data(desk, encoding):
    (desk.folder / "lookups.csv").write_bytes("field,value,use\nowner,0051,Zoë\n".encode(encoding))
    rule = {"column": "O", "values": "lookups.csv"}
    assert desk.owners(rule=rule, source={"encoding": "cp1252"}) == ["Zoë"]


def test_many_words_are_read_and_searched_without_python_for_each(desk):
    count = 200_000
    ids = pl.select(pl.format("005{}", pl.int_range(count).cast(pl.String).str.zfill(15))).to_series()
    pl.DataFrame({"Id": ids, "Email": ids + "@x.com"}).write_parquet(desk.folder / "User.parquet")
    frame = pl.read_parquet(desk.folder / "User.parquet")
    started = time.process_time()
    translation = translation_of(frame.select(pl.col("Id").alias(WORD), pl.col("Email").alias("result")))
    words = [ids[0], ids[count - 1], "0059", " ", ids[7].lower()]
    assert translate_words(words, [translation]) == [f"{words[0]}@x.com", f"{words[1]}@x.com", "0059", " ", f"{words[4]}@x.com"]
    assert time.process_time() - started < 4
