"""Reads the lake with DuckDB and with Polars, as anyone may, and prints each tenant's sums as JSON.

    python readers.py DATA_DIR
"""

import json
import pathlib
import sys

import deltalake
import duckdb
import polars

QUANTITIES = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"]
QUANTITIES += ["output_tokens", "reasoning_tokens"]
COLUMNS = ["charges", *QUANTITIES, "cost_usd"]


def table_folder(data):
    logs = [log for log in pathlib.Path(data).rglob("_delta_log") if log.parent.name == "usage_events"]
    if len(logs) != 1:
        sys.exit(f"{data} holds {len(logs)} tables usage_events")
    return str(logs[0].parent)


def by_duckdb(folder):
    files = [str(file) for file in deltalake.DeltaTable(folder).file_uris()]
    if not files:
        return {}
    sums = ", ".join(f"sum({column})" for column in COLUMNS)
    query = f"select tenant_id, {sums} from read_parquet(?) group by tenant_id"
    return {tenant: sums for tenant, *sums in duckdb.execute(query, [files]).fetchall()}


def by_polars(folder):
    sums = polars.scan_delta(folder).group_by("tenant_id").agg([polars.sum(column) for column in COLUMNS]).collect()
    return {tenant: sums for tenant, *sums in sums.iter_rows()}


folder = table_folder(sys.argv[1])
answer = {}
for reader in (by_duckdb, by_polars):
    answer[reader.__name__] = {
        tenant: {column: str(value or 0) for column, value in zip(COLUMNS, sums)}
        for tenant, sums in reader(folder).items()
    }
print(json.dumps(answer))
