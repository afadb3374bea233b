"""Asks DuckDB the four questions of `ledger_bench query`, over the Parquet files of the same lake.

    python bench/compare_duckdb.py DATA_DIR

Needs `pip install duckdb`. Prints one JSON object per question: the median of ten runs after a first one.
"""

import json
import pathlib
import statistics
import sys
import time

import duckdb

QUESTIONS = {
    "model_totals": "SELECT model, SUM(cost_usd), SUM(charges), SUM(requests) FROM events GROUP BY 1",
    "tenant_model": "SELECT tenant_id, model, SUM(cost_usd), SUM(charges), SUM(requests) FROM events GROUP BY 1, 2",
    "tenant_hours": (
        "SELECT epoch_us(date_trunc('hour', occurred_at)), SUM(cost_usd), SUM(charges), SUM(requests) FROM events "
        "WHERE tenant_id = 'tenant-1' GROUP BY 1"
    ),
    "top_users": (
        "SELECT user_id, SUM(cost_usd) AS cost, SUM(charges), SUM(requests) FROM events "
        "GROUP BY 1 ORDER BY cost DESC LIMIT 20"
    ),
}


def files_of(table: pathlib.Path) -> list[str]:
    """The table's files by its log (no checkpoint is read: the log of a benchmark is complete)."""
    files: dict[str, None] = {}
    for entry in sorted((table / "_delta_log").glob("*.json")):
        for line in entry.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files[action["add"]["path"]] = None
            if "remove" in action:
                files.pop(action["remove"]["path"], None)
    return [str(table / path) for path in files]


def main() -> None:
    table = pathlib.Path(sys.argv[1]) / "lake" / "usage_events"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    listing = ", ".join(f"'{path}'" for path in files_of(table))
    connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet([{listing}])")
    for name, question in QUESTIONS.items():
        times = []
        for _ in range(11):
            started = time.perf_counter()
            rows = connection.execute(question).fetchall()
            times.append((time.perf_counter() - started) * 1e3)
        figures = {"query": name, "first_ms": round(times[0], 2), "median_ms": round(statistics.median(times[1:]), 2)}
        print(json.dumps(figures | {"rows": len(rows), "duckdb": duckdb.__version__}))
    total = connection.execute("SELECT SUM(cost_usd) FROM events").fetchone()
    print(json.dumps({"cost": str(total[0])}))


if __name__ == "__main__":
    main()
