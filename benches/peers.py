#!/usr/bin/env python3
"""Braid beside its peers: group-by questions, min/mean/max of 50 million lines, windows over a stream of events.

    python3 -m venv bench-env && bench-env/bin/pip install duckdb polars numpy pyarrow pandas
    cargo build --release
    bench-env/bin/python benches/peers.py groupby --braid BRAID G1_1e7_1e2_0_0.csv G1_1e7_1e2_0_0.parquet
    bench-env/bin/python benches/peers.py lines   --braid BRAID brc.csv brc.parquet
    bench-env/bin/python benches/peers.py stream  --braid BRAID stream.ndjson

`groupby`: the ten db-benchmark questions (columns id1 to id6, v1 to v3). `lines`: `station;temperature` without a header,
or Parquet with the columns station and temp. `stream`: objects with ts (milliseconds), key and value; FILE.expected.json
beside it holds the right answer ("groups", "count", "sum", "mean_sum", "max_sum").

Each run is a process of its own; engines take turns, and each begins a round in turn. Files are read once before each
run, so that all come from the page cache. Times are from the opening of the file to the finished table in memory,
without the start of the process (theirs by their own clock, ours by `--stats`); medians of the rounds. Checksums are
compared before times. With `--peers DIR` the peers' own scripts in DIR are run (batch/h2o.py, batch/brc.py,
stream/win_microbatch.py), otherwise the few lines below; `stream` then runs Pathway (stream/win_pathway.py) and Bytewax
(stream/win_bytewax.py) too, where they are installed. `stream --flink HOME` adds Flink: HOME is a distribution whose opt/
holds the SQL client and the SQL gateway. Its CPU time is that of the job less that of the same job over one event, so that
the start of the virtual machine is not held against it. These three are slow: they run once.
"""

import argparse, glob, importlib.util, json, math, os, re, statistics, subprocess, sys, tempfile, threading, time

SQL = {
    1: "SELECT id1, sum(v1) AS v1 FROM {t} GROUP BY id1",
    2: "SELECT id1, id2, sum(v1) AS v1 FROM {t} GROUP BY id1, id2",
    3: "SELECT id3, sum(v1) AS v1, avg(v3) AS v3 FROM {t} GROUP BY id3",
    4: "SELECT id4, avg(v1) AS v1, avg(v2) AS v2, avg(v3) AS v3 FROM {t} GROUP BY id4",
    5: "SELECT id6, sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3 FROM {t} GROUP BY id6",
    6: "SELECT id4, id5, quantile_cont(v3, 0.5) AS m, stddev(v3) AS sd FROM {t} GROUP BY id4, id5",
    7: "SELECT id3, max(v1) - min(v2) AS d FROM {t} GROUP BY id3",
    8: "SELECT id6, max(v3, 2) AS v3 FROM {t} GROUP BY id6",
    9: "SELECT id2, id4, pow(corr(v1, v2), 2) AS r2 FROM {t} GROUP BY id2, id4",
    10: "SELECT id1, id2, id3, id4, id5, id6, sum(v3) AS v3, count(*) AS c FROM {t} GROUP BY id1, id2, id3, id4, id5, id6",
}
VALUES = {
    1: ["v1"],
    2: ["v1"],
    3: ["v1", "v3"],
    4: ["v1", "v2", "v3"],
    5: ["v1", "v2", "v3"],
    6: ["m", "sd"],
    7: ["d"],
    8: ["v3"],
    9: ["r2"],
    10: ["v3", "c"],
}
LINES = "SELECT {station} AS station, min({temp}) AS a, avg({temp}) AS b, max({temp}) AS c, count(*) AS n FROM {t} GROUP BY 1"
STREAM = "SELECT key, tumble(ts, INTERVAL '1 second') AS w, count(*) AS n, sum(value) AS s, avg(value) AS m, max(value) AS x FROM e GROUP BY key, w"

# What every child of ours says at its end, as the peers' scripts do.
CLOCK = """
import json, os, sys, time
src, threads = sys.argv[1], sys.argv[2]
os.environ["POLARS_MAX_THREADS"] = threads
def told(work):
    wall, cpu = time.perf_counter(), time.process_time()
    table = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    print(json.dumps({"seconds": wall, "cpu_s": cpu, "peak_rss_mb": peak, "checksum": table}))
"""
DUCKDB = (
    CLOCK
    + """
import duckdb
con = duckdb.connect(); con.execute(f"set threads={threads}"); con.execute("set preserve_insertion_order=false")
told(lambda: con.execute("create temp table ans as " + sys.argv[3]) and None)
row = con.execute("select count(*), " + sys.argv[4] + " from ans").fetchone()
print(json.dumps({"checksum": [None if v is None else float(v) for v in row]}))
"""
)
POLARS = (
    CLOCK
    + """
import polars as pl
c = pl.col
lf = pl.scan_parquet(src) if src.endswith("parquet") else pl.scan_csv(src)
Q = {"1": lambda t: t.group_by("id1").agg(c.v1.sum()), "2": lambda t: t.group_by("id1", "id2").agg(c.v1.sum()),
     "3": lambda t: t.group_by("id3").agg(c.v1.sum(), c.v3.mean()), "4": lambda t: t.group_by("id4").agg(c.v1.mean(), c.v2.mean(), c.v3.mean()),
     "5": lambda t: t.group_by("id6").agg(c.v1.sum(), c.v2.sum(), c.v3.sum()),
     "6": lambda t: t.group_by("id4", "id5").agg(c.v3.median().alias("m"), c.v3.std().alias("sd")),
     "7": lambda t: t.group_by("id3").agg((c.v1.max() - c.v2.min()).alias("d")), "8": lambda t: t.group_by("id6").agg(c.v3.top_k(2)).explode("v3"),
     "9": lambda t: t.group_by("id2", "id4").agg((pl.corr("v1", "v2") ** 2).alias("r2")),
     "10": lambda t: t.group_by("id1", "id2", "id3", "id4", "id5", "id6").agg(c.v3.sum(), pl.len().alias("c"))}
if sys.argv[3] in Q:
    work = Q[sys.argv[3]](lf)
else:
    if src.endswith("csv"):
        lf = pl.scan_csv(src, separator=";", has_header=False, schema={"station": pl.String, "temp": pl.Float64})
    work = lf.group_by("station").agg(c.temp.min().alias("a"), c.temp.mean().alias("b"), c.temp.max().alias("c"), pl.len().alias("n"))
def run():
    global a
    a = work.collect(engine="streaming")
told(run)
print(json.dumps({"checksum": [float(a.height)] + [float(a[n].cast(pl.Float64).fill_nan(None).sum()) for n in sys.argv[4].split(",")]}))
"""
)
MICROBATCH = (
    CLOCK
    + """
import polars as pl
def run():
    c, state, newest, out, rest = pl.col, None, 0, [0.0] * 5, b""
    fold = lambda: (c.n.sum(), c.s.sum(), c.x.max())
    def close(t):
        row = t.select(pl.len(), c.n.sum(), c.s.sum().alias("ss"), (c.s / c.n).sum().alias("mm"), c.x.sum().alias("xx")).row(0)
        out[:] = [a + b for a, b in zip(out, row)]
    with (sys.stdin.buffer if src == "-" else open(src, "rb", buffering=0)) as f:
        while block := f.read(4 << 20):
            block = rest + block; cut = block.rfind(b"\\n") + 1; rest = block[cut:]
            if not cut: continue
            d = pl.read_ndjson(block[:cut]); newest = max(newest, d["ts"].max())
            p = d.group_by((c.ts // 1000).alias("w"), "key").agg(pl.len().cast(pl.Int64).alias("n"), c.value.sum().alias("s"), c.value.max().alias("x"))
            state = p if state is None else pl.concat([state, p]).group_by("w", "key").agg(*fold())
            final = (newest - 2000) // 1000; close(state.filter(c.w < final)); state = state.filter(c.w >= final)
    close(state)
    return out
told(run)
"""
)

FLINK = """
SET 'execution.target'='local';
SET 'execution.runtime-mode'='streaming';
SET 'table.dml-sync'='true';
SET 'parallelism.default'='{threads}';
SET 'taskmanager.numberOfTaskSlots'='{threads}';
CREATE TABLE e (ts BIGINT, key STRING, `value` DOUBLE, `user` INT, region STRING, status INT, lat_ms DOUBLE, flag BOOLEAN, path STRING,
  t AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR t AS t - INTERVAL '2' SECOND)
  WITH ('connector'='filesystem', 'path'='file://{src}', 'format'='json');
CREATE TABLE o (n BIGINT, s DOUBLE, m DOUBLE, x DOUBLE) WITH ('connector'='filesystem', 'path'='file://{out}', 'format'='csv');
INSERT INTO o SELECT count(*), sum(`value`), avg(`value`), max(`value`)
  FROM TUMBLE(TABLE e, DESCRIPTOR(t), INTERVAL '1' SECOND) GROUP BY key, window_start, window_end;
"""


def child(cmd, stdin=None):
    """The objects that one process prints, joined into one; a process that fails ends the benchmark."""
    done = subprocess.run(cmd, stdin=stdin, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, cmd))[:300]} failed")
    said = {}
    for line in done.stdout.decode().splitlines():
        if line.startswith("{"):
            said.update(json.loads(line))
    return said


def warm(path):
    with open(path, "rb", buffering=0) as f:
        while f.read(1 << 24):
            pass


def agree(name, a, b):
    close = len(a) == len(b) and all(
        (x is None and y is None) or (x is not None and y is not None and abs(x - y) <= 6e-2 + 1e-9 * abs(y))
        for x, y in zip(a, b)
    )
    if not close:
        sys.exit(f"{name}: the answers differ: {a} and {b}")


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


class Bench:
    def __init__(self, a, tmp):
        self.a, self.tmp, self.out, self.stats = a, tmp, f"{tmp}/braid.parquet", f"{tmp}/stats.json"
        os.environ["BENCH_THREADS"] = str(a.threads)
        import duckdb

        self.con = duckdb.connect()

    def braid(self, args, sql, sums, stdin=None, out=True):
        cmd = [self.a.braid, "run", *args, "--sql", sql, "--stats", self.stats, "--threads", str(self.a.threads)]
        done = subprocess.run(
            cmd + (["--out", self.out] if out else []),
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode:
            sys.exit(f"{' '.join(cmd)} failed")
        told = json.load(open(self.stats))
        row = self.con.execute(f"select count(*), {sums} from '{self.out}'").fetchone()
        return {
            "seconds": told["wall_s"],
            "cpu_s": told["cpu_s"],
            "peak_rss_mb": told["peak_rss_mb"],
            "checksum": [None if v is None else float(v) for v in row],
            "told": told,
        }

    def peer(self, script, *args):
        return child([sys.executable, os.path.join(self.a.peers, script), *map(str, args)])

    def rounds(self, engines, path, check):
        """Every engine once a round, in a rotated order; checksums first."""
        runs, names = {name: [] for name in engines}, list(engines)
        for round_ in range(self.a.rounds):
            for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
                warm(path)
                runs[name].append(engines[name]())
        for name in names[1:]:
            agree(check + ", " + name, runs[names[0]][0]["checksum"], runs[name][0]["checksum"])
        return runs


def line(cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def head(title, first, engines):
    print(f"\n{title}\n")
    cells = [first] + [f"{e} wall, s (CPU; MiB)" for e in engines] + ["Braid ÷ faster peer: wall", "CPU"]
    line(cells)
    line(["---"] * len(cells))


def row(name, runs):
    shown = [
        f"{middle(r, 'seconds'):.2f} ({middle(r, 'cpu_s'):.2f}; {middle(r, 'peak_rss_mb'):.0f})" for r in runs.values()
    ]
    ratio = [
        middle(runs["Braid"], k) / min(middle(r, k) for n, r in runs.items() if n != "Braid")
        for k in ("seconds", "cpu_s")
    ]
    line([name, *shown, *(f"{r:.2f}" for r in ratio)])
    return ratio


def mean(ratios):
    return [math.exp(sum(math.log(r[i]) for r in ratios) / len(ratios)) for i in (0, 1)]


def groupby(b):
    every = []
    for path in b.a.files:
        ending = path.rsplit(".", 1)[1]
        head(
            f"Ten group-by questions, {ending}, {b.a.rounds} rounds, {b.a.threads} threads",
            "question",
            ["Braid", "DuckDB", "polars"],
        )
        ratios = []
        for q in b.a.questions:
            sums = ", ".join(f"sum({c})" for c in VALUES[q])
            scan = f"read_{ending}('{path}')"
            # DuckDB's max(x, n) is a list; the rows are what the question asks for.
            ours = "(SELECT id6, unnest(v3) AS v3 FROM '{o}')" if q == 8 else None

            def braid():
                if ours is None:
                    return b.braid(["--history", f"x={path}"], SQL[q].format(t="x"), sums)
                run = b.braid(["--history", f"x={path}"], SQL[q].format(t="x"), "1")
                r = b.con.execute(f"select count(*), {sums} from {ours.format(o=b.out)}").fetchone()
                return {**run, "checksum": [float(v) for v in r]}

            if b.a.peers:

                def peer(engine):
                    run = b.peer("batch/h2o.py", engine, path, q)
                    return {**run, "checksum": [None if v is None else float(v) for v in run["checksum"][str(q)]]}

                engines = {"Braid": braid, "DuckDB": lambda: peer("duckdb"), "polars": lambda: peer("polars-stream")}
            else:
                sql = SQL[q].format(t=scan)
                if q == 8:
                    sql = f"SELECT id6, unnest(max(v3, 2)) AS v3 FROM {scan} GROUP BY id6"
                engines = {
                    "Braid": braid,
                    "DuckDB": lambda: child([sys.executable, "-c", DUCKDB, path, str(b.a.threads), sql, sums]),
                    "polars": lambda: child(
                        [sys.executable, "-c", POLARS, path, str(b.a.threads), str(q), ",".join(VALUES[q])]
                    ),
                }
            ratios.append(row(f"q{q}", b.rounds(engines, path, f"q{q}")))
        m = mean(ratios)
        line(["geometric mean", "", "", "", f"**{m[0]:.2f}**", f"{m[1]:.2f}"])
        every += ratios
    if len(b.a.files) > 1:
        m = mean(every)
        print(
            f"\nAll: geometric mean {m[0]:.2f} (CPU {m[1]:.2f}), worst {max(r[0] for r in every):.2f} (CPU {max(r[1] for r in every):.2f})"
        )


def lines(b):
    head(
        f"Minimum, mean and maximum a station, {b.a.rounds} rounds, {b.a.threads} threads",
        "file",
        ["Braid", "DuckDB", "polars"],
    )
    for path in b.a.files:
        ending = path.rsplit(".", 1)[1]
        names = ("column_1", "column_2") if ending == "csv" else ("station", "temp")
        sums = "sum(n), sum(a), sum(b), sum(c)"
        braid = lambda: b.braid(["--history", f"x={path}"], LINES.format(station=names[0], temp=names[1], t="x"), sums)
        if b.a.peers:
            # Their checksum is rounded to one or two digits.
            peer = lambda engine: b.peer("batch/brc.py", engine, path)
            braid_ = lambda: (
                lambda r: {**r, "checksum": [round(v, d) for v, d in zip(r["checksum"], (0, 0, 1, 2, 1))]}
            )(braid())
            engines = {"Braid": braid_, "DuckDB": lambda: peer("duckdb"), "polars": lambda: peer("polars-stream")}
        else:
            scan = (
                f"read_csv('{path}', delim=';', header=false, columns={{'station':'VARCHAR','temp':'DOUBLE'}})"
                if ending == "csv"
                else f"read_parquet('{path}')"
            )
            sql = LINES.format(station="station", temp="temp", t=scan)
            engines = {
                "Braid": braid,
                "DuckDB": lambda: child([sys.executable, "-c", DUCKDB, path, str(b.a.threads), sql, sums]),
                "polars": lambda: child([sys.executable, "-c", POLARS, path, str(b.a.threads), "lines", "n,a,b,c"]),
            }
        row(ending, b.rounds(engines, path, ending))


def feed(path, out, rate):
    """Writes the file's lines to a pipe, `rate` bytes a second (0: as fast as it takes them)."""
    begun, sent = time.perf_counter(), 0
    with open(path, "rb", buffering=0) as f, out:
        while block := f.read(int(rate / 200) if rate else 1 << 16):
            try:
                out.write(block)
                out.flush()
            except BrokenPipeError:
                return
            sent += len(block)
            if rate:
                time.sleep(max(0, begun + sent / rate - time.perf_counter()))


def flink(home, path, threads):
    """The job over the file, less what the same job takes for its first event."""

    def job(src, tmp):
        out, script = f"{tmp}/out", f"{tmp}/job.sql"
        with open(script, "w") as f:
            f.write(FLINK.format(src=src, out=out, threads=threads))
        begun = time.perf_counter()
        client = subprocess.Popen(
            [f"{home}/bin/sql-client.sh", "embedded", "-f", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said = client.stdout.read().decode(errors="replace")
        _, status, used = os.wait4(client.pid, 0)
        files = [f for f in glob.glob(f"{out}/**", recursive=True) if os.path.isfile(f)]
        if status or not files:
            sys.exit(f"Flink failed:\n{said[-2000:]}")
        return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, files

    with tempfile.TemporaryDirectory() as tmp, tempfile.TemporaryDirectory() as one:
        with open(path, "rb") as f, open(f"{one}/first.ndjson", "wb") as g:
            g.write(f.readline())
        wall0, cpu0, _, _ = job(f"{one}/first.ndjson", one)
        wall, cpu, peak, files = job(os.path.abspath(path), tmp)
        sums = [0, 0, 0.0, 0.0, 0.0]
        for name in files:
            for cells in (line.rstrip("\n").split(",") for line in open(name)):
                sums = [a + float(b) for a, b in zip(sums, [1, *cells])]
    return {"seconds": wall - wall0, "cpu_s": cpu - cpu0, "peak_rss_mb": peak, "checksum": sums}


def stream(b):
    for path in b.a.files:
        expected = json.load(open(path + ".expected.json"))
        right = [expected[k] for k in ("groups", "count", "sum", "mean_sum", "max_sum")]
        time_ = ["--time", "e=ts,2s"]
        sums = "sum(n), sum(s), sum(m), sum(x)"

        def piped(rate):
            r, w = os.pipe()
            writer = threading.Thread(target=feed, args=(path, os.fdopen(w, "wb", buffering=0), rate))
            writer.start()
            try:
                return b.braid(["--live", "e=stdin:", *time_], STREAM, sums, stdin=r)
            finally:
                os.close(r)
                writer.join()

        def microbatch():
            if b.a.peers:
                return b.peer("stream/win_microbatch.py", "polars", path)
            return child([sys.executable, "-c", MICROBATCH, path, str(b.a.threads)])

        engines = {
            "Braid, file:…?follow=false": lambda: b.braid(
                ["--live", f"e=file:{path}?follow=false", *time_], STREAM, sums
            ),
            "Braid, stdin:": lambda: piped(0),
            "polars, micro-batches of a file": microbatch,
        }
        runs = b.rounds(engines, path, "stream")
        if b.a.peers:
            for name, module, args in (("Pathway", "pathway", ["streaming", 100, 100000]), ("Bytewax", "bytewax", [])):
                if importlib.util.find_spec(module):
                    runs[name] = [b.peer(f"stream/win_{module}.py", path, *args)]
        if b.a.flink:
            runs["Flink SQL"] = [flink(b.a.flink, path, b.a.threads)]
        print(
            f"\n{expected['count']:,} events in one-second windows by key, {b.a.rounds} rounds, {b.a.threads} threads\n"
        )
        line(["", "wall, s", "CPU, s", "million events per CPU second", "peak, MiB"])
        line(["---"] * 5)
        for name, r in runs.items():
            agree(name, r[0]["checksum"], right)
            cpu = middle(r, "cpu_s")
            line(
                [
                    name,
                    f"{middle(r, 'seconds'):.2f}",
                    f"{cpu:.2f}",
                    f"{expected['count'] / cpu / 1e6:.2f}",
                    f"{middle(r, 'peak_rss_mb'):.0f}",
                ]
            )
        rate = os.path.getsize(path) / middle(runs["Braid, stdin:"], "seconds") / 2
        run = piped(rate)
        agree("half rate", run["checksum"], right)
        ms = run["told"]["latency_ms"]
        print(
            f"\nAt half that rate through a pipe ({rate / 1e6:.0f} MB/s), from a row's arrival to the snapshot that shows it: "
            f"p50 {ms['p50']:.0f} ms, p99 {ms['p99']:.0f} ms, most {ms['max']:.0f} ms"
        )


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["groupby", "lines", "stream"])
    p.add_argument("files", nargs="+")
    p.add_argument("--braid", required=True)
    p.add_argument("--peers", help="a folder with the peers' own scripts")
    p.add_argument("--flink", help="a folder with a Flink distribution")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--questions", type=lambda t: [int(q) for q in re.split("[, ]+", t)], default=list(range(1, 11)))
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        {"groupby": groupby, "lines": lines, "stream": stream}[a.what](Bench(a, tmp))


if __name__ == "__main__":
    main()
