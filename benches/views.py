#!/usr/bin/env python3
"""Twelve views that follow one feed: Braid beside Perspective, cold processes, one run.

    python3 -m venv bench-env && bench-env/bin/pip install perspective-python pyarrow numpy
    cargo build --release
    bench-env/bin/python benches/views.py --braid PATH/TO/braid [--rows 1000000] [--batch 1000] [--rounds 3]

The rows are generated, the same each time: 1,000 keys, ten regions, fifty paths, a value with two digits, times over an
hour. Perspective gets them as Arrow batches of `--batch` rows, made beforehand and not counted, into one table with
twelve views that are told of each update; its CPU seconds are those of its updates alone. Braid reads the same rows as
lines of JSON through a pipe, as fast as they come, and asks the twelve questions of one reading; its CPU seconds are
those of the whole process, decoding and start among them. Perspective 5.6.1 waits for ever in its first update where it
has fewer threads than a table has views: it gets four more than that. Answers are compared: groups, and the sum of
their counts.
"""

import argparse, json, os, statistics, subprocess, sys, tempfile

from flights import once

# Name, what divides it, what is measured, which rows; for Braid and for Perspective alike.
VIEWS = [
    ("regions", ["region"], {"value": "avg"}, None),
    ("keys", ["key"], {"value": "sum"}, None),
    ("paths", ["path"], {"ms": "max"}, None),
    ("minutes", ["minute"], {"value": "avg"}, None),
    ("slow", ["path"], {"ms": "avg"}, ("ms", ">", 800)),
    ("high", ["region"], {"value": "max"}, ("value", ">", 900.0)),
    ("keys_high", ["key"], {"value": "max"}, None),
    ("region_path", ["region", "path"], {"ms": "sum"}, None),
    ("region_minutes", ["region", "minute"], {"value": "avg"}, None),
    ("fast", ["region"], {"ms": "avg"}, ("ms", "<", 100)),
    ("path_minutes", ["path", "minute"], {"ms": "max"}, None),
    ("key_low", ["key"], {"value": "min"}, None),
]
MINUTE = "tumble(at, INTERVAL '1 minute')"


def sql(by, measure, rows):
    (column, how), = measure.items()
    keys = ", ".join(f"{MINUTE} AS minute" if key == "minute" else key for key in by)
    where = f" WHERE {rows[0]} {rows[1]} {rows[2]}" if rows else ""
    return f"SELECT {keys}, count(*) AS n, {how}({column}) AS m FROM t{where} GROUP BY {', '.join(by)}"


PERSPECTIVE = """
import json, resource, sys, perspective, pyarrow as pa
src, size, views = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
perspective.set_num_cpus(4 + len(views))
batches = []
for batch in pa.ipc.open_file(src).read_all().to_batches(max_chunksize=size):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    batches.append(sink.getvalue().to_pybytes())
client = perspective.Server().new_local_client()
kinds = {"at": "datetime", "key": "string", "region": "string", "path": "string", "value": "float", "ms": "integer"}
table = client.table(kinds)
told, made = 0, {}
def tell(*_):
    global told
    told += 1
how = {"avg": "mean", "sum": "sum", "max": "max", "min": "min"}
for name, by, measure, rows in views:
    (column, word), = measure.items()
    view = table.view(
        group_by=by, columns=[column, "at"], aggregates={column: how[word], "at": "count"},
        expressions={"minute": "bucket(\\"at\\", 'm')"} if "minute" in by else {}, filter=[rows] if rows else [],
    )
    view.on_update(tell)
    made[name] = (view, len(by))
begun = resource.getrusage(resource.RUSAGE_SELF)
for batch in batches:
    table.update(batch)
size = table.size()
ended = resource.getrusage(resource.RUSAGE_SELF)
groups = {}
for name, (view, depth) in made.items():
    paths = [row for row in view.to_json() if len(row["__ROW_PATH__"]) == depth]
    groups[name] = [len(paths), sum(row["at"] for row in paths)]
cpu = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"cpu": cpu, "peak": peak, "told": told, "rows": size, "groups": groups}))
"""


def generate(folder, rows):
    import numpy as np, pyarrow as pa

    rng = np.random.default_rng(7)
    pick = lambda name, many: pa.array([f"{name}{i}" for i in range(many)]).take(pa.array(rng.integers(0, many, rows)))
    begin = 1_709_251_200_000  # 2024-03-01
    table = pa.table({
        "at": pa.array(begin + np.arange(rows) * 3_600_000 // rows, pa.timestamp("ms")),
        "key": pick("k", 1000), "region": pick("r", 10), "path": pick("/p", 50),
        "value": np.round(rng.uniform(0, 1000, rows), 2), "ms": pa.array(rng.integers(1, 1000, rows), pa.int32()),
    })  # fmt: skip
    with pa.ipc.new_file(f"{folder}/t.arrow", table.schema) as writer:
        writer.write_table(table)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns["at"] = [at.isoformat(timespec="milliseconds") for at in columns["at"]]
    with open(f"{folder}/t.ndjson", "w") as out:
        for values in zip(*columns.values()):
            out.write(json.dumps(dict(zip(columns, values))) + "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--braid", required=True)
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--batch", type=int, default=1_000)
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        generate(tmp, a.rows)
        outs = {name: f"{tmp}/{name}.csv" for name, *_ in VIEWS}
        asked = []
        for name, *view in VIEWS:
            asked += ["--sql", f"{name}={sql(*view)}", "--out", f"{name}={outs[name]}"]
        run = [a.braid, "run", "--live", "t=stdin:", "--time", "t=at", *asked, "--stats", f"{tmp}/stats.json"]
        braid = ["sh", "-c", f'exec "$@" < {tmp}/t.ndjson', "sh", *run]
        peer = [sys.executable, "-c", PERSPECTIVE, f"{tmp}/t.arrow", str(a.batch), json.dumps(VIEWS)]
        ours, theirs, memory = [], [], {}
        for _ in range(a.rounds):
            ours.append(once(braid)[1])
            memory["braid"] = json.load(open(f"{tmp}/stats.json"))["peak_rss_mb"]
            said = json.loads(once(peer)[2])
            theirs.append(said["cpu"])
            memory["perspective"] = said["peak"]
            compare(outs, said["groups"])
    cpu, other = statistics.median(ours), statistics.median(theirs)
    print(f"{a.rows} rows into twelve views, {a.rounds} rounds; CPU seconds; answers agree")
    print(f"  braid        {cpu:7.2f}, {memory['braid']:.0f} MiB: JSON through a pipe, the whole process")
    print(f"  perspective  {other:7.2f}, {memory['perspective']:.0f} MiB: batches of {a.batch} in Arrow, its updates alone")
    print(f"  braid is {cpu / other:.3f} of it")


def compare(outs, groups):
    import pyarrow.csv

    for name, out in outs.items():
        table = pyarrow.csv.read_csv(out)
        own = [table.num_rows, sum(table["n"].to_pylist())]
        if own != groups[name]:
            sys.exit(f"{name}: braid says {own}, perspective {groups[name]}")


if __name__ == "__main__":
    main()
