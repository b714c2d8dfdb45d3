#!/usr/bin/env python3
"""Braid beside River on a drifting stream: rows per CPU second and prequential accuracy, each row tested before it is trained on.

    python3 -m venv ml-env && ml-env/bin/pip install river scikit-learn pandas pyarrow
    cargo bench --bench online --no-run          # says where the program is
    ml-env/bin/python benches/online.py --braid PROGRAM [--rows 50000] [--models arf,arf3,hat] [FILE.parquet]

Without a file the stream is made: two concepts of scikit-learn's make_classification (ten features, two classes) back to
back, the change in the middle. One process each, one thread each, the rows in memory before the clock starts; River is
fed a dictionary a row, as its interface has it, Braid frames of 500 rows.
"""

import argparse, json, os, subprocess, sys, tempfile

RIVER = """
import json, sys, time
import pandas as pd
from river import forest, tree
d = pd.read_parquet(sys.argv[1]); y = d.pop("y").tolist(); names = d.columns.tolist()
rows = [dict(zip(names, v)) for v in d.itertuples(index=False, name=None)]
model = {"arf": lambda: forest.ARFClassifier(n_models=10, seed=42), "arf3": lambda: forest.ARFClassifier(n_models=3, seed=42),
         "hat": lambda: tree.HoeffdingAdaptiveTreeClassifier(seed=42), "ht": lambda: tree.HoeffdingTreeClassifier()}[sys.argv[2]]()
right, marks, begun = 0, [0], time.process_time()
for i, (x, label) in enumerate(zip(rows, y)):
    right += model.predict_one(x) == label
    model.learn_one(x, label)
    if (i + 1) % max(1, len(y) // 10) == 0: marks.append(right)
seconds = time.process_time() - begun
print(json.dumps({"rows": len(y), "seconds": seconds, "rows_per_s": len(y) / seconds, "accuracy": right / len(y),
                  "accuracy_by_tenth": [round((b - a) / max(1, len(y) // 10), 4) for a, b in zip(marks, marks[1:])]}))
"""


def make(path, rows):
    import numpy as np, pandas as pd
    from sklearn.datasets import make_classification

    parts = [
        make_classification(
            n_samples=rows // 2, n_features=10, n_informative=6, n_redundant=2, n_classes=2, random_state=seed
        )
        for seed in (42, 43)
    ]
    frame = pd.DataFrame(np.vstack([x for x, _ in parts]), columns=[f"f{i}" for i in range(10)])
    frame["y"] = np.concatenate([y for _, y in parts])
    frame.to_parquet(path)


def told(command):
    env = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout.strip().splitlines()[-1]
    )


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("file", nargs="?")
    ask.add_argument("--braid", required=True)
    ask.add_argument("--rows", type=int, default=50_000)
    ask.add_argument("--models", default="arf")
    a = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = a.file or os.path.join(folder, "drift.parquet")
        if not a.file:
            make(path, a.rows)
        found = {"Braid": told([a.braid, path, "y"])}
        for model in a.models.split(","):
            found[f"River {model}"] = told([sys.executable, "-c", RIVER, path, model])
    ours = found["Braid"]
    print("| | rows per CPU s | beside Braid | accuracy | by tenth of the stream |\n|---|---|---|---|---|")
    for name, f in found.items():
        print(
            f"| {name} | {f['rows_per_s']:,.0f} | {ours['rows_per_s'] / f['rows_per_s']:.1f}x | {f['accuracy']:.4f} | {' '.join(f'{x:.3f}' for x in f['accuracy_by_tenth'])} |"
        )

    print(f"\nScoring alone, 100 trees grown to purity on the first half: {ours['scored_per_s']:,.0f} rows per CPU s")


if __name__ == "__main__":
    main()
