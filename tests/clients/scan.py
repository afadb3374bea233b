"""Looks for texts in every file below a data directory, inside Parquet, SQLite and Arrow too; prints where.

    python scan.py DATA_DIR LOG_FILE TEXT…
"""

import pathlib
import sqlite3
import sys

import pyarrow
import pyarrow.ipc
import pyarrow.parquet


def contents(file):
    """The file as it is, and what its format packs away."""
    data = file.read_bytes()
    yield data
    if data[:4] == b"PAR1":
        yield str(pyarrow.parquet.read_table(file, partitioning=None).to_pylist()).encode()
    if data[:15] == b"SQLite format 3":
        yield from rows(file)


def rows(file):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in database.execute(f'select * from "{table}"'):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
                    if isinstance(value, bytes):
                        yield unpacked(value)


def unpacked(value):
    """The rows of an Arrow stream or file, or nothing if it is neither."""
    for open_it in (pyarrow.ipc.open_stream, pyarrow.ipc.open_file):
        try:
            return str(open_it(value).read_all().to_pylist()).encode()
        except pyarrow.ArrowInvalid:
            pass
    return b""


if __name__ == "__main__":
    folder, log, *texts = sys.argv[1:]
    for file in [pathlib.Path(log), *sorted(pathlib.Path(folder).rglob("*"))]:
        if file.is_file():
            found = {text for content in contents(file) for text in texts if text.encode() in content}
            for text in sorted(found):
                print(f"{text} in {file}")
