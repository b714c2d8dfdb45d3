#!/usr/bin/env python3
"""Random questions, asked of Braid and of DuckDB over the same rows, and compared cell by cell.

    python3 -m venv bench-env && bench-env/bin/pip install duckdb
    cargo build --release
    bench-env/bin/python benches/dialect.py --braid PATH/TO/braid [--questions 1500] [--seed 1]

Questions join tables and answers in every way, have sub-queries of every kind, put answers together, group, filter,
calculate and nest. Rows are compared without their order, numbers to nine digits. It says how many answers are the same,
how many Braid refuses, and prints each one that differs; it ends with 1 where any does. What is meant otherwise than by
DuckDB is not asked: what stands in the table of the README, and the order of rows that nobody orders.
"""

import argparse, concurrent.futures, math, os, random, subprocess, sys, tempfile

import duckdb

TABLES = {"t": 40, "u": 23, "w": 6}
PARTS = ["year", "quarter", "month", "week", "isoyear", "dow", "isodow", "doy", "decade", "century", "millennium", "epoch"]
SPANS = ["1 week", "10 days", "1 month", "1 quarter"]
UNITS = ["day", "week", "month", "quarter", "year", "decade", "century", "isoyear"]
COLUMNS = ["k", "i", "n", "x", "b", "d"]


def make_tables(con, folder):
    """Small tables with nulls: texts, whole numbers, decimal numbers, truth values, dates."""
    for name, rows in TABLES.items():
        rng = random.Random(name)
        some = lambda make: None if rng.random() < 0.15 else make()
        con.execute(f"CREATE TABLE {name}(k VARCHAR, i BIGINT, n INTEGER, x DOUBLE, b BOOLEAN, d DATE)")
        con.executemany(
            f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, DATE '2024-01-01' + ?::INTEGER)",
            [
                (
                    some(lambda: rng.choice(["a", "b", "c", "ä", "日本"])),
                    some(lambda: rng.randint(-5, 9)),
                    some(lambda: rng.randint(-1000, 1000)),
                    some(lambda: round(rng.uniform(-9, 9), 2)),
                    some(lambda: rng.random() < 0.5),
                    some(lambda: rng.randint(0, 400)),
                )
                for _ in range(rows)
            ],
        )
        con.execute(f"COPY {name} TO '{folder}/{name}.parquet' (FORMAT parquet)")


class Questions:
    def __init__(self, seed):
        self.rng = random.Random(seed)

    def pick(self, *of):
        return self.rng.choice(of)

    def chance(self, share):
        return self.rng.random() < share

    def number(self, table, depth=0):
        choice = self.rng.random()
        if choice < 0.5 or depth > 1:
            return self.pick(f"{table}.i", f"{table}.n", f"{table}.x")
        if choice < 0.7:
            return f"({self.number(table, depth + 1)} {self.pick('+', '-', '*')} {self.number(table, depth + 1)})"
        return self.pick(
            str(self.rng.randint(-5, 9)),
            f"coalesce({table}.i, 2)",
            f"abs({table}.n)",
            f"({table}.n % 7)",
            f"({table}.n // 4)",
            f"length({table}.k)",
            f"gcd({table}.n, 12)",
            f"greatest({table}.i, {table}.n)",
            f"nullif({table}.i, 3)",
            f"CASE WHEN {table}.b THEN {table}.i ELSE {table}.n END",
            f"date_diff('month', {table}.d, DATE '2024-06-30')",
            f"(({table}.i & 3) << 2)",
            f"TRY_CAST({table}.k AS BIGINT)",
            f"round({table}.x, {self.rng.randint(-1, 2)})",
            f"trunc({table}.x)",
            f"sign({table}.n)",
            f"({table}.x // 4)",
            f"xor({table}.n, 21)",
            f"CAST({table}.x AS INTEGER)",
            f"strpos({table}.k, 'b')",
            f"damerau_levenshtein({table}.k, 'ab')",
            f"unicode({table}.k)",
            f"date_part('{self.pick(*PARTS)}', {table}.d)",
            f"date_diff('{self.pick(*UNITS)}', {table}.d, DATE '2024-06-30')",
            f"json_array_length('[1, 2]', {table}.k)",
            f"CAST({table}.n * 0.5 AS BIGINT)",
            f"if({table}.b, {table}.i, {table}.n)",
        )

    def value(self, table):
        return self.pick(
            f"{table}.k",
            f"{table}.b",
            f"{table}.d",
            f"upper({table}.k)",
            f"{table}.k || '-' || {table}.i",
            f"lpad({table}.k, 3, 'x')",
            f"regexp_replace({table}.k, '[ab]', 'z')",
            f"split_part({table}.k || '/q', '/', 2)",
            f"dayname({table}.d)",
            f"CAST({table}.{self.pick(*COLUMNS)} AS VARCHAR)",
            f"{table}.x || {table}.b",
            f"concat({table}.x, {table}.k, {table}.d)",
            f"strftime({table}.d, '%a %-d %B %Y %j %U %V')",
            f"time_bucket(INTERVAL '{self.pick(*SPANS)}', {table}.d)",
            f"reverse({table}.k)",
            f"right({table}.k || 'xyz', {self.rng.randint(-3, 3)})",
            f"trim({table}.k, 'ab')",
            f"md5({table}.k)",
            f"hex({table}.n)",
            f"printf('%05d|%s', {table}.i, {table}.k)",
            f"format('{{:.2f}} {{}}', {table}.x, {table}.b)",
            f"{table}.d + 3",
            f"last_day({table}.d)",
            f"{table}.n / {table}.i",
            *[self.number(table) for _ in range(5)],
        )

    def condition(self, table, depth=0):
        choice = self.rng.random()
        if choice < 0.25:
            return f"{self.number(table)} {self.pick('<', '>', '<=', '>=', '=', '<>')} {self.number(table)}"
        if choice < 0.55 or depth > 1:
            return self.pick(
                f"{table}.k {self.pick('=', '<>', '<', '>')} '{self.pick('a', 'b', 'c')}'",
                f"{table}.{self.pick(*COLUMNS)} IS {self.pick('', 'NOT ')}NULL",
                f"{table}.i {self.pick('', 'NOT ')}IN ({self.rng.randint(-5, 9)}, {self.rng.randint(-5, 9)})",
                f"{table}.b",
                f"{table}.k LIKE '{self.pick('a%', '_', '%b', '%')}'",
                f"{table}.n BETWEEN -300 AND 300",
                f"{table}.k IS DISTINCT FROM 'a'",
                f"{table}.d > DATE '2024-07-01'",
            )
        if choice < 0.7:
            both = [self.condition(table, depth + 1) for _ in range(2)]
            return f"({both[0]} {self.pick('AND', 'OR')} {both[1]})"
        if choice < 0.75:
            return f"NOT ({self.condition(table, depth + 1)})"
        return self.sub_query(table)

    def sub_query(self, table):
        name, inner = f"s{self.rng.randint(0, 9999)}", self.pick(*TABLES)
        where = []
        if self.chance(0.5):
            where.append(f"{name}.{(key := self.pick('k', 'i', 'b', 'd'))} = {table}.{key}")
        if self.chance(0.5):
            where.append(f"{name}.n > {self.rng.randint(-900, 900)}")
        where = f" WHERE {' AND '.join(where)}" if where else ""
        kind = self.rng.random()
        if kind < 0.33:
            return f"{self.pick('', 'NOT ')}EXISTS (SELECT {self.pick('1', '*', name + '.k')} FROM {inner} AS {name}{where})"
        if kind < 0.66:
            column = self.pick("k", "i", "n", "d")
            return f"{table}.{column} {self.pick('', 'NOT ')}IN (SELECT {name}.{column} FROM {inner} AS {name}{where})"
        call = f"{self.pick('max', 'min', 'avg', 'sum', 'count')}({name}.{self.pick('i', 'n')})"
        return f"{self.number(table)} {self.pick('<', '>', '=')} (SELECT {call} FROM {inner} AS {name}{where})"

    def source(self, name):
        choice, columns = self.rng.random(), ", ".join(COLUMNS)
        one, other = self.pick(*TABLES), self.pick(*TABLES)
        if choice < 0.5:
            return f"{one} AS {name}"
        if choice < 0.65:
            return f"(SELECT * FROM {one}{self.pick('', ' WHERE i > 2', ' WHERE b')}) AS {name}"
        if choice < 0.8:
            put = self.pick("UNION ALL", "UNION", "EXCEPT", "INTERSECT")
            return f"(SELECT {columns} FROM {one} {put} SELECT {columns} FROM {other}) AS {name}"
        if choice < 0.9:
            return (
                f"(SELECT k, i, max(n) AS n, min(x) AS x, bool_or(b) AS b, max(d) AS d FROM {one} GROUP BY k, i) AS {name}"
            )
        return f"(SELECT p.k, p.i, q.n, p.x, q.b, q.d FROM {one} AS p LEFT JOIN {other} AS q ON p.i = q.i) AS {name}"

    def select(self):
        tables, where = ["p"], ""
        if self.chance(0.35):
            source = self.source("p")
        else:
            one, other = self.source("p"), self.source("q")
            on = self.pick("p.k = q.k", "p.i = q.i", "p.k = q.k AND p.n > q.n", "p.i = q.i AND p.d <> q.d")
            join = self.pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS", ",", "USING", "<")
            if join not in ("SEMI JOIN", "ANTI JOIN"):
                tables.append("q")
            if join == ",":
                source, where = f"{one}, {other}", " WHERE p.k = q.k"
            elif join == "CROSS":
                source = f"{one} CROSS JOIN {other}"
            elif join == "<":
                source = f"{one} JOIN {other} ON p.n < q.i"
            elif join == "USING":
                source = f"{one} {self.pick('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN')} {other} USING ({self.pick('k', 'i', 'k, i')})"
            else:
                source = f"{one} {join} {other} ON {on}"
        if self.chance(0.6):
            where += f"{' AND' if where else ' WHERE'} {self.condition(self.pick(*tables))}"
        if self.chance(0.5):
            items = [f"{self.value(self.pick(*tables))} AS c{at}" for at in range(self.rng.randint(1, 4))]
            if self.chance(0.2):
                items.append("(SELECT count(*) FROM u AS z WHERE z.k = p.k) AS counted")
            if self.chance(0.15):
                items.append("rank() OVER (PARTITION BY p.k ORDER BY p.i, p.n) AS place")
            if self.chance(0.25):
                items.append(f"{self.over('p')} AS over_rows")
            return f"SELECT {self.pick('', '', '', 'DISTINCT ')}{', '.join(items)} FROM {source}{where}"
        keys = [f"{table}.{self.pick('k', 'i', 'b', 'd')}" for table in tables[: self.rng.randint(0, 2)]]
        calls = [self.aggregate(self.pick(*tables)) for _ in range(self.rng.randint(1, 4))]
        items = [f"{key} AS g{at}" for at, key in enumerate(keys)] + [f"{call} AS a{at}" for at, call in enumerate(calls)]
        if self.chance(0.2):
            items.append("(SELECT max(i) FROM u) AS most")
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        having = f" HAVING count(*) {self.pick('>', '<')} {self.pick('2', '(SELECT count(*) FROM w)')}"
        return f"SELECT {', '.join(items)} FROM {source}{where}{group}{having if self.chance(0.3) else ''}"

    def over(self, table):
        """A window function whose value does not depend on the order of rows that ORDER BY leaves equal."""
        parts = self.pick("", f"PARTITION BY {table}.{self.pick('k', 'b', 'd')} ")
        nulls = self.pick("", " DESC", " NULLS FIRST", " DESC NULLS FIRST")
        low, high = sorted(self.rng.randint(-3, 3) for _ in range(2))
        side = lambda n, unit="{}": "CURRENT ROW" if n == 0 else f"{unit.format(abs(n))} {'PRECEDING' if n < 0 else 'FOLLOWING'}"
        start, end = self.pick("UNBOUNDED PRECEDING", None, None), self.pick("UNBOUNDED FOLLOWING", None, None)
        between = lambda unit="{}": f"BETWEEN {start or side(low, unit)} AND {end or side(high, unit)}"
        frame = self.pick(
            "",
            f"ORDER BY {table}.{self.pick('i', 'n')}{nulls} RANGE {between()}",
            f"ORDER BY {table}.x{nulls} RANGE {between('{}.5')}",
            f"ORDER BY {table}.d{nulls} RANGE {between('INTERVAL {} DAY')}",
            f"ORDER BY {table}.{self.pick('k', 'i', 'd')}{nulls} GROUPS {between()}",
            f"ORDER BY {table}.{self.pick('k', 'i', 'd')}{nulls}",
        )
        call = self.aggregate(table) if self.chance(0.7) else self.pick("rank()", "dense_rank()", "percent_rank()", "cume_dist()")
        return f"{call} OVER ({parts}{frame})"

    def aggregate(self, table):
        # ORDER BY names all that an answer depends on.
        rows = f"{table}.n, {table}.i, {table}.x, {table}.k, {table}.d, {table}.b"
        if self.chance(0.2):
            way = self.pick("", " DESC", " NULLS FIRST", " DESC NULLS FIRST")
            return self.pick(
                f"string_agg({table}.k, '-' ORDER BY {table}.k{way})",
                f"string_agg({table}.i, ', ' ORDER BY {table}.n{way}, {rows})",
                f"string_agg(DISTINCT {table}.k, '/' ORDER BY {table}.k{way})",
                f"array_agg({table}.{self.pick(*COLUMNS)} ORDER BY {table}.i{way}, {rows})",
                f"{self.pick('first', 'last', 'any_value')}({table}.{self.pick(*COLUMNS)} ORDER BY {table}.x{way}, {rows})",
                f"percentile_{self.pick('cont', 'disc')}({self.pick('0', '0.3', '1')}) WITHIN GROUP (ORDER BY {table}.n{self.pick('', ' DESC')})",
                f"quantile({table}.{self.pick('i', 'k', 'd')}, {self.pick('0.1', '0.5', '0.9')})",
                f"max({table}.{self.pick('n', 'k', 'd')}, 2)",
                f"skewness({table}.n)",
                f"kurtosis({table}.i)",
                f"kurtosis_pop({table}.n)",
                f"fsum({table}.x)",
            )
        call = self.pick(
            "count(*)", "sum({}.i)", "avg({}.n)", "min({}.x)", "max({}.k)", "count(DISTINCT {}.k)", "count({}.b)",
            "sum(DISTINCT {}.i)", "bool_and({}.b)", "max({}.d)", "stddev({}.n)", "median({}.n)", "count_if({}.b)",
            "bit_xor({}.n)", "quantile_disc({}.n, 0.25)", "entropy({}.k)", "mad({}.n)", "sem({}.n)", "regr_sxy({0}.n, {0}.i)",
        ).format(table)
        return call if "entropy" in call or self.chance(0.7) else f"{call} FILTER (WHERE {self.condition(table, 2)})"

    def question(self):
        question = self.select()
        wrap = self.rng.random()
        if wrap < 0.2:
            return f"WITH named AS ({question}) SELECT * FROM named"
        if wrap < 0.3:
            return f"SELECT count(*) AS n FROM ({question}) AS inner_one"
        return question


def plain(value):
    if value is None:
        return (0, "")
    if isinstance(value, bool):
        return (1, str(value))
    try:
        number = float(value) if not isinstance(value, str) else None
    except (TypeError, ValueError):
        number = None
    if number is not None:
        number = 0.0 if abs(number) < 1e-12 else number
        return (2, "nan" if math.isnan(number) else "0" if number == 0 else f"{number:.9g}")
    text = str(value)
    return (3, text[:10] if text[10:] in (" 00:00:00", "T00:00:00.000000") else text)


def rows_of(rows):
    return sorted([plain(cell) for cell in row] for row in rows)


def ask_braid(args, folder, number, question):
    out = os.path.join(folder, f"{number}.parquet")
    tables = [part for name in TABLES for part in ("--history", f"{name}={folder}/{name}.parquet")]
    run = subprocess.run(
        [args.braid, "run", *tables, "--sql", question, "--out", out], capture_output=True, text=True, timeout=120
    )
    if run.returncode:
        return None, run.stderr.strip().split("\n")[-1]
    # JSON has no infinity, and CSV no types.
    rows = duckdb.connect().execute(f"SELECT * FROM '{out}'").fetchall()
    os.remove(out)
    return rows, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--braid", required=True)
    parser.add_argument("--questions", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    con, questions = duckdb.connect(), Questions(args.seed)
    asked = [questions.question() for _ in range(args.questions)]
    counts = {"same": 0, "refused": 0, "refused by both": 0, "answered by Braid alone": 0, "different": 0}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        make_tables(con, folder)
        answers = pool.map(lambda pair: ask_braid(args, folder, *pair), enumerate(asked))
        for question, (got, refusal) in zip(asked, answers):
            try:
                wanted, complaint = con.execute(question).fetchall(), None
            except duckdb.Error as error:
                wanted, complaint = None, str(error).split("\n")[0]
            if wanted is None or got is None:
                kind = "refused by both" if wanted is got else "refused" if got is None else "answered by Braid alone"
                counts[kind] += 1
                if kind != "refused by both":
                    print(f"{kind}: {question}\n    {refusal or complaint}")
            elif rows_of(got) == rows_of(wanted):
                counts["same"] += 1
            else:
                counts["different"] += 1
                one, other = rows_of(got), rows_of(wanted)
                print(f"different: {question}")
                print(f"    Braid  {len(one)} rows, {[row for row in one if row not in other][:3]}")
                print(f"    DuckDB {len(other)} rows, {[row for row in other if row not in one][:3]}")
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
    sys.exit(counts["different"] > 0)


if __name__ == "__main__":
    main()
