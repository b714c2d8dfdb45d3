#!/usr/bin/env python3
"""Flights per origin and day (count, mean and largest delay): Braid beside DuckDB and polars, cold processes, one run.

    python3 -m venv bench-env && bench-env/bin/pip install duckdb polars
    cargo build --release
    bench-env/bin/python benches/flights.py --braid PATH/TO/braid [--data FILE.parquet] [--rounds 5] [--threads 2]

DATA has the columns date, delay and origin; without it the sample in assets/ is repeated to 3 million rows.
Each round runs every engine once, in a rotated order, as a process of its own; medians are printed. The answers are
compared before the times: same groups, same counts, means within 1e-9, same maxima.
"""

import argparse, json, os, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
SQL = "SELECT origin, {day} AS day, count(*) AS n, avg(delay) AS mean, max(delay) AS hi FROM {table} GROUP BY {groups}"

# A child's ru_maxrss begins with its parent's memory, so that each peer reads its own high-water mark at its end.
PEAK = """
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")))
"""

DUCKDB = """
import sys, duckdb
src, out, threads = sys.argv[1:4]
con = duckdb.connect(); con.execute(f"set threads={threads}")
scan = f"read_csv('{src}')" if src.endswith("csv") else f"read_parquet('{src}')"
con.execute(f"copy (select origin, cast(date as date) as day, count(*) as n, avg(delay) as mean, max(delay) as hi from {scan} group by all) to '{out}' (format parquet)")
"""

POLARS = """
import os, sys
src, out, threads = sys.argv[1:4]
os.environ["POLARS_MAX_THREADS"] = threads
import polars as pl
csv = src.endswith("csv")
# The day is cut out of the text: parsing the whole time costs polars several times as much.
lf = pl.scan_csv(src).with_columns(pl.col("date").str.slice(0, 10).str.to_date("%Y-%m-%d").alias("day")) if csv else pl.scan_parquet(src).with_columns(pl.col("date").cast(pl.Date).alias("day"))
lf.group_by("origin", "day").agg(pl.len().alias("n"), pl.col("delay").mean().alias("mean"), pl.col("delay").max().alias("hi")).collect(engine="streaming").write_parquet(out)
"""


def once(cmd):
    """Wall and CPU seconds of one process, and what it printed."""
    begun = time.perf_counter()
    child = subprocess.Popen(cmd, stdout=subprocess.PIPE)
    said = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{cmd[0]} failed")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, said


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--braid", required=True)
    p.add_argument("--data")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    import duckdb

    with tempfile.TemporaryDirectory() as tmp:
        con = duckdb.connect()
        parquet, csv = f"{tmp}/flights.parquet", f"{tmp}/flights.csv"
        sample = os.path.join(HERE, "..", "assets", "flights.parquet")
        rows = (
            f"from '{a.data}'"
            if a.data
            else f"from '{sample}', range((select ceil(3e6 / count(*))::int from '{sample}')) limit 3000000"
        )
        con.execute(
            f"copy (select date, delay, distance, origin, destination {rows}) to '{parquet}' (format parquet, compression zstd)"
        )
        con.execute(f"copy (from '{parquet}') to '{csv}' (header)")
        n = con.execute(f"select count(*) from '{parquet}'").fetchone()[0]
        sql = SQL.format(day="tumble(date, INTERVAL '1 day')", table="flights", groups="origin, day")
        for src in (parquet, csv):
            stats = f"{tmp}/stats.json"
            engines = {
                "braid": [
                    a.braid,
                    "run",
                    "--history",
                    f"flights={src}",
                    "--sql",
                    sql,
                    "--out",
                    f"{tmp}/braid.parquet",
                    "--stats",
                    stats,
                    "--threads",
                    str(a.threads),
                ],
                "duckdb": [sys.executable, "-c", DUCKDB + PEAK, src, f"{tmp}/duckdb.parquet", str(a.threads)],
                "polars": [sys.executable, "-c", POLARS + PEAK, src, f"{tmp}/polars.parquet", str(a.threads)],
            }
            runs, first = {name: [] for name in engines}, []
            names = list(engines)
            for round_ in range(a.rounds + 1):
                for name in names[round_ % 3 :] + names[: round_ % 3]:
                    with open(src, "rb", buffering=0) as f:
                        while f.read(1 << 24):
                            pass
                    wall, cpu, said = once(engines[name])
                    told = json.load(open(stats)) if name == "braid" else None
                    if round_ > 0:  # the first round warms the disk cache of the programs themselves
                        runs[name].append((wall, cpu, told["peak_rss_mb"] if told else float(said)))
                        if told:
                            first.append(told["first_answer_ms"])
            for peer in ("duckdb", "polars"):
                wrong = con.execute(f"""select count(*) from '{tmp}/braid.parquet' b full join '{tmp}/{peer}.parquet' p on b.origin = p.origin and cast(b.day as date) = p.day
                    where b.n is distinct from p.n or b.hi is distinct from p.hi or not (abs(b.mean - p.mean) <= 1e-9 * greatest(abs(p.mean), 1))""").fetchone()[
                    0
                ]
                if wrong:
                    sys.exit(f"braid and {peer} differ in {wrong} groups")
            best = min(statistics.median(r[0] for r in runs[peer]) for peer in ("duckdb", "polars"))
            print(
                f"\n{os.path.basename(src)}, {n:,} rows, {os.path.getsize(src) >> 20} MiB, {a.rounds} rounds, {a.threads} threads; answers agree"
            )
            print(
                f"{'':8} {'first answer':>13} {'exact answer':>13} {'CPU':>8} {'peak memory':>12} {'wall ÷ best peer':>17}"
            )
            for name, took in runs.items():
                wall, cpu, rss = (statistics.median(column) for column in zip(*took))
                early = f"{statistics.median(first):.0f} ms" if name == "braid" else "–"
                print(f"{name:8} {early:>13} {wall:>11.3f} s {cpu:>6.2f} s {rss:>8.0f} MiB {wall / best:>17.2f}")


if __name__ == "__main__":
    main()
