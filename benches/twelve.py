#!/usr/bin/env python3
"""Twelve named questions over one table, asked together and one after the other: Braid beside DuckDB and polars.

    python3 -m venv bench-env && bench-env/bin/pip install duckdb polars
    cargo build --release
    bench-env/bin/python benches/twelve.py --braid PATH/TO/braid [--data FILE.parquet] [--rounds 3] [--times 8]

DATA has the columns date, delay, distance, origin and destination; without it the sample in assets/ is repeated to 3
million rows. The CSV is that `--times` over. Each round runs in this order: Braid with all questions from one reading,
Braid with each alone, and each peer with all of them one after the other in one process. CPU seconds of the whole
processes; medians. Answers are compared: the same number of rows, and the same sum of their counts.
"""

import argparse, json, os, statistics, sys, tempfile

from flights import once

HERE = os.path.dirname(os.path.abspath(__file__))

DAY = "tumble(date, INTERVAL '1 day')"
HOUR = "tumble(date, INTERVAL '1 hour')"
# Name, Braid's words, DuckDB's words: none of them above a fifth of their sum asked singly.
QUESTIONS = [
    ("total", "SELECT count(*) AS n FROM t", None),
    ("by_origin", "SELECT origin, count(*) AS n, avg(delay) AS a FROM t GROUP BY origin", None),
    ("by_day", f"SELECT {DAY} AS d, count(*) AS n, avg(delay) AS a FROM t GROUP BY d",
     "SELECT date_trunc('day', date) AS d, count(*) AS n, avg(delay) AS a FROM t GROUP BY d"),
    ("by_hour", f"SELECT {HOUR} AS d, count(*) AS n, max(delay) AS a FROM t GROUP BY d",
     "SELECT date_trunc('hour', date) AS d, count(*) AS n, max(delay) AS a FROM t GROUP BY d"),
    ("late", "SELECT count(*) AS n, avg(delay) AS a FROM t WHERE delay > 60", None),
    ("far", "SELECT origin, count(*) AS n FROM t WHERE distance > 1000 GROUP BY origin", None),
    ("routes", "SELECT origin, destination, count(*) AS n FROM t GROUP BY origin, destination", None),
    ("spread", "SELECT origin, count(*) AS n, stddev(delay) AS a FROM t GROUP BY origin", None),
    ("extremes", "SELECT destination, count(*) AS n, min(delay) AS a, max(delay) AS b FROM t GROUP BY destination", None),
    ("early", "SELECT origin, count(*) AS n FROM t WHERE delay < 0 GROUP BY origin", None),
    ("distance", "SELECT origin, count(*) AS n, avg(distance) AS a FROM t GROUP BY origin", None),
    ("arrivals", f"SELECT destination, {DAY} AS d, count(*) AS n FROM t GROUP BY destination, d",
     "SELECT destination, date_trunc('day', date) AS d, count(*) AS n FROM t GROUP BY destination, d"),
]  # fmt: skip

# A child's ru_maxrss begins with its parent's memory, so that each peer reads its own high-water mark at its end.
PEAK = """
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"peak": peak, "rows": rows}))
"""

DUCKDB = """
import json, sys, duckdb
src, questions = sys.argv[1], json.loads(sys.argv[2])
con = duckdb.connect(); con.execute("set threads=2"); con.execute("set enable_progress_bar=false")
scan = f"read_csv('{src}')" if src.endswith("csv") else f"read_parquet('{src}')"
con.execute(f"create view t as from {scan}")
rows = {name: con.execute(f"select count(*), sum(n) from ({sql})").fetchone() for name, sql in questions}
rows = {name: [int(v) for v in row] for name, row in rows.items()}
"""

POLARS = """
import json, os, sys
os.environ["POLARS_MAX_THREADS"] = "2"
import polars as pl
src, questions = sys.argv[1], json.loads(sys.argv[2])
t = pl.scan_csv(src, try_parse_dates=True) if src.endswith("csv") else pl.scan_parquet(src)
n, c = pl.len().alias("n"), pl.col
day, hour = c("date").dt.truncate("1d").alias("d"), c("date").dt.truncate("1h").alias("d")
asked = {
    "total": t.select(n),
    "by_origin": t.group_by("origin").agg(n, c("delay").mean()),
    "by_day": t.group_by(day).agg(n, c("delay").mean()),
    "by_hour": t.group_by(hour).agg(n, c("delay").max()),
    "late": t.filter(c("delay") > 60).select(n, c("delay").mean()),
    "far": t.filter(c("distance") > 1000).group_by("origin").agg(n),
    "routes": t.group_by("origin", "destination").agg(n),
    "spread": t.group_by("origin").agg(n, c("delay").std()),
    "extremes": t.group_by("destination").agg(n, c("delay").min(), c("delay").max().alias("b")),
    "early": t.filter(c("delay") < 0).group_by("origin").agg(n),
    "distance": t.group_by("origin").agg(n, c("distance").mean()),
    "arrivals": t.group_by("destination", day).agg(n),
}
rows = {}
for name, frame in asked.items():
    answer = frame.collect(engine="streaming")
    rows[name] = [answer.height, int(answer["n"].sum())]
"""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--braid", required=True)
    p.add_argument("--data")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--times", type=int, default=8)
    a = p.parse_args()
    import duckdb

    with tempfile.TemporaryDirectory() as tmp:
        con = duckdb.connect()
        parquet, csv = f"{tmp}/flights.parquet", f"{tmp}/flights.csv"
        sample = os.path.join(HERE, "..", "assets", "flights.parquet")
        many = f"range((select ceil(3e6 / count(*))::int from '{sample}')) limit 3000000"
        rows = f"from '{a.data}'" if a.data else f"from '{sample}', {many}"
        columns = "select date, delay, distance, origin, destination"
        con.execute(f"copy ({columns} {rows}) to '{parquet}' (format parquet, compression zstd)")
        con.execute(f"copy ({columns} from '{parquet}', range({a.times})) to '{csv}' (header)")
        for src in (csv, parquet):
            measure(a, con, tmp, src)


def measure(a, con, tmp, src):
    stats = f"{tmp}/stats.json"
    outs = {name: f"{tmp}/{name}.parquet" for name, *_ in QUESTIONS}

    def braid(questions):
        asked = [arg for name, sql, _ in questions for arg in ("--sql", f"{name}={sql}", "--out", f"{name}={outs[name]}")]
        return [a.braid, "run", "--history", f"t={src}", *asked, "--stats", stats]

    duck = json.dumps([(name, other or sql) for name, sql, other in QUESTIONS])
    peers = {
        "duckdb": [sys.executable, "-c", DUCKDB + PEAK, src, duck],
        "polars": [sys.executable, "-c", POLARS + PEAK, src, duck],
    }
    with open(src, "rb", buffering=0) as f:  # the file is in the disk's cache for all
        while f.read(1 << 24):
            pass
    took, memory, answers = {}, {}, {}
    note = lambda key, cpu: took.setdefault(key, []).append(cpu)
    for _ in range(a.rounds):
        _, cpu, _ = once(braid(QUESTIONS))
        note("together", cpu)
        memory["together"] = json.load(open(stats))["peak_rss_mb"]
        counts = lambda out: [int(v) for v in con.execute(f"select count(*), sum(n) from '{out}'").fetchone()]
        answers["braid"] = {name: counts(out) for name, out in outs.items()}
        for question in QUESTIONS:
            note(question[0], once(braid([question]))[1])
        for peer, cmd in peers.items():
            _, cpu, said = once(cmd)
            told = json.loads(said)
            note(peer, cpu)
            memory[peer], answers[peer] = told["peak"], told["rows"]
    for peer in peers:
        for name, counted in answers["braid"].items():
            if answers[peer][name] != counted:
                sys.exit(f"{name}: braid says {counted}, {peer} {answers[peer][name]}")
    cpu = {key: statistics.median(all) for key, all in took.items()}
    alone = {name: cpu[name] for name, *_ in QUESTIONS}
    total, dearest = sum(alone.values()), max(alone.values())
    size = os.path.getsize(src) >> 20
    print(f"\n{os.path.basename(src)}, {size} MiB, twelve questions, {a.rounds} rounds; CPU seconds; answers agree")
    for name, seconds in alone.items():
        print(f"  {name:10} {seconds:6.2f}  {seconds / total:5.2f} of the sum")
    print(f"  together   {cpu['together']:6.2f}, {memory['together']:.0f} MiB: {cpu['together'] / dearest:.2f} times the "
          f"dearest, {cpu['together'] / total:.2f} of the sum asked singly ({total:.2f})")  # fmt: skip
    for peer in peers:
        ratio = cpu["together"] / cpu[peer]
        print(f"  {peer:10} {cpu[peer]:6.2f}, {memory[peer]:.0f} MiB, one after the other: together is {ratio:.2f} of it")


if __name__ == "__main__":
    main()
