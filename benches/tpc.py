#!/usr/bin/env python3
"""The queries of TPC-H and TPC-DS, asked of Braid and of DuckDB over the same Parquet files, and compared cell by cell.

    python3 -m venv bench-env
    bench-env/bin/pip install duckdb==1.5.5 duckdb-extension-tpch==1.5.5 duckdb-extension-tpcds==1.5.5
    cargo build --release
    bench-env/bin/python benches/tpc.py --braid PATH/TO/braid [--kind tpch] [--scale 0.01] [--only 19,21]

The data and the queries are those that DuckDB's extensions make. Money is written as floating-point numbers, which
Braid reads it as; numbers are compared to six digits, rows without their order where several are equal in it. It says of each query how long Braid took, and of those that differ or are refused why; it ends with 1 where any
answer differs.
"""

import argparse, csv, glob, io, json, math, os, re, subprocess, sys, tempfile, time

import duckdb


def extension(kind):
    """Where pip has put the extension."""
    places = [f"{folder}/duckdb_extension_{kind}/extensions/*/{kind}.duckdb_extension" for folder in sys.path]
    found = [file for place in places for file in glob.glob(place)]
    if not found:
        sys.exit(f"duckdb-extension-{kind} is not installed: pip install duckdb-extension-{kind}")
    return found[0]


def make(kind, scale, folder):
    """The tables as Parquet files, and the queries."""
    con = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    con.execute(f"LOAD '{extension(kind)}'")
    con.execute(f"CALL {'dbgen' if kind == 'tpch' else 'dsdgen'}(sf={scale})")
    tables = [name for (name,) in con.sql("SELECT table_name FROM duckdb_tables()").fetchall()]
    for table in tables:
        columns = [
            f"CAST({name} AS DOUBLE) AS {name}" if kind_of.startswith("DECIMAL") else name
            for name, kind_of, *_ in con.sql(f"DESCRIBE {table}").fetchall()
        ]
        con.execute(f"COPY (SELECT {', '.join(columns)} FROM {table}) TO '{folder}/{table}.parquet' (FORMAT parquet)")
    return tables, [text for _, text in con.sql(f"SELECT * FROM {kind}_queries()").fetchall()]


def cell(value):
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    try:
        number = float(value)
        return "nan" if math.isnan(number) else number
    except (TypeError, ValueError):
        return str(value)


def alike(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return one == other or abs(one - other) <= 1e-6 * max(abs(one), abs(other), 1e-3)
    return one == other


def same(rows, others):
    pairs = zip(rows, others)
    return len(rows) == len(others) and all(
        len(row) == len(other) and all(map(alike, row, other)) for row, other in pairs
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--braid", required=True)
    parser.add_argument("--kind", choices=["tpch", "tpcds"], default="tpch")
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--only", default="", help="numbers of queries, with commas")
    given = parser.parse_args()
    only = {int(number) for number in given.only.split(",") if number}
    counts = {"same": 0, "refused": 0, "different": 0, "refused by DuckDB": 0}
    with tempfile.TemporaryDirectory() as folder:
        tables, queries = make(given.kind, given.scale, folder)
        con = duckdb.connect()
        for table in tables:
            con.execute(f"CREATE TABLE {table} AS SELECT * FROM '{folder}/{table}.parquet'")
        for number, query in enumerate(queries, 1):
            if only and number not in only:
                continue
            query = query.strip().rstrip(";")
            try:
                want = [[cell(value) for value in row] for row in con.sql(query).fetchall()]
            except duckdb.Error:
                counts["refused by DuckDB"] += 1
                continue
            command = [given.braid, "run", "--sql", query]
            for table in tables:
                if re.search(rf"\b{table}\b", query):
                    command += ["--history", f"{table}={folder}/{table}.parquet"]
            begun = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            took = time.monotonic() - begun
            if done.returncode:
                counts["refused"] += 1
                print(f"{number}: refused: {(done.stderr.strip().splitlines() or ['it was ended'])[-1][:200]}")
                continue
            # A line without anything is a null in the only column.
            rows = [row or [""] for row in csv.reader(io.StringIO(done.stdout))]
            got = [[cell(value) for value in row] for row in rows[1:]]
            order = lambda row: [str(value) for value in row]
            if same(want, got) or same(sorted(want, key=order), sorted(got, key=order)):
                counts["same"] += 1
                print(f"{number}: same, {len(got)} rows, {took:.1f} s")
            else:
                counts["different"] += 1
                print(f"{number}: DIFFERENT\n  DuckDB {want[:3]}\n  Braid  {got[:3]}")
    print(json.dumps(counts))
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
