#!/usr/bin/env python3
"""A board left running: memory, threads and handles over time, and every tile's answer held against DuckDB's.

    python3 -m venv bench-env && bench-env/bin/pip install duckdb
    cargo build --release
    bench-env/bin/python benches/soak.py --braid PATH/TO/braid [--minutes 40] [--days 2] [--keep FOLDER]

Needs Xvfb and xdotool. Three feeds of this program's own send event times of `--days` within `--minutes`:

    trades   a WebSocket that numbers its rows; it stalls, once in the middle of a message, loses its connections,
             refuses new ones for a while, and sends its last rows again at each new connection
    log      a growing file that is rotated twice, and still written to for a while after it was renamed
    sensors  a WebSocket with rows out of order, some of them long after their windows are final; halfway its rows get a
             column more, and it is disconnected once

A board of nine tiles shows them in the real window, which paints by software under Xvfb with a home of its own; the
process is looked at every five seconds. At the end the feeds rest, the question of each tile is opened from the board
(*Open the question of the tile at its table*) and its answer exported (*Export the answer as CSV…*) by keys alone;
DuckDB answers the same over what this program noted that it had sent. Then the window is closed and opened again: the
answers must still be those, and once more after the feeds have gone on for a while.

The exit status is 1 when an answer differs.
"""

import argparse, base64, ctypes, datetime, hashlib, json, os, random, shutil, signal, socket, subprocess, sys, tempfile
import threading, time

BEGIN = datetime.datetime(2024, 3, 1)
LATENESS = datetime.timedelta(minutes=10)
RESENT = 50

HOUR = "tumble({}, INTERVAL '1 hour')"
# Table, title, how it is shown, Braid's words, DuckDB's words where they differ; `kept` has no row that came too late.
TILES = [
    ("trades", "Trades", {"as": "number"}, "SELECT count(*) AS n, sum(qty) AS q FROM trades", None),
    ("trades", "Price", {"as": "figure", "with": "line"},
     "SELECT sym, tumble(at, INTERVAL '10 minutes') AS w, avg(price) AS mean FROM trades GROUP BY sym, w",
     "SELECT sym, time_bucket(INTERVAL '10 minutes', \"at\") AS w, avg(price) AS mean FROM trades GROUP BY ALL"),
    ("trades", "By symbol", {"as": "figure", "with": "bar"},
     "SELECT sym, count(*) AS n, sum(qty) AS q, max(price) AS top FROM trades GROUP BY sym", None),
    ("log", "Lines", {"as": "figure", "with": "area"},
     "SELECT level, tumble(at, INTERVAL '30 minutes') AS w, count(*) AS n FROM log GROUP BY level, w",
     "SELECT level, time_bucket(INTERVAL '30 minutes', \"at\") AS w, count(*) AS n FROM log GROUP BY ALL"),
    ("log", "Services", {"as": "grid"},
     "SELECT service, count(*) AS n, avg(ms) AS mean, max(ms) AS most FROM log GROUP BY service", None),
    ("log", "Errors", {"as": "number"},
     "SELECT count(*) FILTER (WHERE level = 'error') AS n, count(*) AS a FROM log", None),
    ("sensors", "Temperature", {"as": "figure", "with": "line"},
     f"SELECT machine, {HOUR.format('at')} AS w, avg(temp) AS mean, count(*) AS n FROM sensors GROUP BY machine, w",
     "SELECT machine, time_bucket(INTERVAL '1 hour', \"at\") AS w, avg(temp) AS mean, count(*) AS n "
     "FROM kept GROUP BY ALL"),
    ("sensors", "Machines", {"as": "grid"},
     "SELECT machine, min(temp) AS least, max(temp) AS most, count(*) AS n FROM sensors GROUP BY machine", None),
    ("sensors", "Readings", {"as": "number"}, "SELECT count(*) AS n, avg(temp) AS mean FROM sensors", None),
]  # fmt: skip


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def stamp(time):
    return time.isoformat(timespec="milliseconds")


class Feed(threading.Thread):
    """Sends `rate` rows a second. What it does at which share of the time is `script`: (share, method, argument)."""

    def __init__(self, name, folder, rate, clock, script):
        super().__init__(daemon=True)
        self.name, self.rate, self.clock, self.script = name, rate, clock, sorted(script, key=lambda step: step[0])
        self.noted = open(f"{folder}/{name}.sent.ndjson", "w", buffering=1 << 16)
        self.random, self.sent, self.resting, self.failed = random.Random(name), 0, threading.Event(), None

    def run(self):
        try:
            due, before = 0.0, time.monotonic()
            while True:
                time.sleep(0.02)
                now = time.monotonic()
                if self.resting.is_set() or not self.ready():
                    before = now
                    continue
                due, before = due + (now - before) * self.rate, now
                while self.script and self.clock.share() >= self.script[0][0]:
                    _, what, argument = self.script.pop(0)
                    say(f"{self.name}: {what} {argument if argument is not None else ''}")
                    getattr(self, what)(argument)
                    before = time.monotonic()
                if not self.ready():
                    continue
                rows = [self.row() for _ in range(int(due))]
                due -= len(rows)
                if rows:
                    self.send(rows)
                    self.note(rows)
        except Exception as error:  # told at the end: a feed that dies makes the run worthless
            self.failed = error

    def note(self, rows):
        self.noted.writelines(json.dumps(row) + "\n" for row in rows)
        self.sent += len(rows)

    def ready(self):
        return True

    def stall(self, seconds):
        time.sleep(seconds)


class WebSocket(Feed):
    """A server for one client at a time."""

    def __init__(self, *args):
        super().__init__(*args)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.link, self.refuses_until, self.last = self.listener.getsockname()[1], None, 0.0, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            link, _ = self.listener.accept()
            if time.monotonic() < self.refuses_until:
                link.close()
                continue
            asked = b""
            while b"\r\n\r\n" not in asked:
                got = link.recv(4096)
                if not got:
                    break
                asked += got
            keys = [
                line.split(b":", 1)[1].strip()
                for line in asked.split(b"\r\n")
                if line.lower().startswith(b"sec-websocket-key")
            ]
            if not keys:
                link.close()
                continue
            accept = base64.b64encode(hashlib.sha1(keys[0] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            link.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept
                + b"\r\n\r\n"
            )
            # Its pings are answered, and its end is noticed.
            threading.Thread(target=self.listen, args=(link,), daemon=True).start()
            if self.last:
                link.sendall(b"".join(map(frame, self.last)))
            self.link = link

    def listen(self, link):
        try:
            while (head := exactly(link, 2))[0] & 15 != 8:
                length = head[1] & 127
                if length == 126:
                    length = int.from_bytes(exactly(link, 2))
                mask = exactly(link, 4)
                payload = bytes(b ^ mask[i % 4] for i, b in enumerate(exactly(link, length)))
                if head[0] & 15 == 9:
                    link.sendall(bytes([0x8A, len(payload)]) + payload)
        except OSError:
            pass
        if self.link is link:
            self.link = None
        link.close()

    def ready(self):
        return self.link is not None

    def send(self, rows):
        link = self.link
        if link is None:
            raise ConnectionError(f"{self.name}: the window went away")
        link.sendall(b"".join(map(frame, rows)))
        self.last = (self.last + rows)[-RESENT:] if "number" in self.settings else []

    settings = ""

    def disconnect(self, seconds):
        """The connection ends without a word, and new ones are refused for so long."""
        self.refuses_until = time.monotonic() + seconds
        link, self.link = self.link, None
        if link:
            link.shutdown(socket.SHUT_WR)

    def stall_within(self, seconds):
        """Silence in the middle of a message."""
        row = self.row()
        bytes_ = frame(row)
        self.link.sendall(bytes_[:20])
        time.sleep(seconds)
        self.link.sendall(bytes_[20:])
        self.note([row])

    def url(self):
        return f"ws://127.0.0.1:{self.port}/{self.name}{self.settings}"


def exactly(link, count):
    got = b""
    while len(got) < count:
        more = link.recv(count - len(got))
        if not more:
            raise ConnectionError("closed")
        got += more
    return got


def frame(row):
    text = json.dumps(row).encode()
    return bytes([0x81, len(text)]) + text if len(text) < 126 else bytes([0x81, 126]) + len(text).to_bytes(2) + text


class Trades(WebSocket):
    settings = "?number=seq"
    seq = 0

    def row(self):
        self.seq += 1
        sym = self.random.choice(["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"])
        price = round(100 + 10 * self.random.gauss(0, 1), 2)
        return {
            "at": stamp(self.clock.now()),
            "seq": self.seq,
            "sym": sym,
            "price": price,
            "qty": self.random.randint(1, 100),
        }


class Sensors(WebSocket):
    wide, late = False, []

    def row(self):
        now, chance = self.clock.now(), self.random.random()
        late = chance < 0.002 and now - BEGIN > datetime.timedelta(hours=4)
        if late:  # beyond doubt: its window has been final for hours
            now -= datetime.timedelta(hours=3)
        elif chance < 0.3:
            now -= self.random.random() * LATENESS / 2
        row = {"at": stamp(now), "machine": f"m{self.random.randint(1, 8)}", "temp": round(self.random.gauss(60, 5), 3)}
        if self.wide:
            row["humidity"] = round(self.random.random() * 100, 1)
        self.late.append(late)
        return row

    def note(self, rows):
        late, self.late = self.late, []
        super().note([{**row, "late": is_late} for row, is_late in zip(rows, late)])

    def widen(self, _):
        self.wide = True


class Log(Feed):
    def __init__(self, name, folder, *args):
        super().__init__(name, folder, *args)
        self.path = f"{folder}/app.ndjson"
        self.file, self.old, self.until = open(self.path, "a"), None, 0.0

    def row(self):
        level = self.random.choices(["info", "warn", "error"], [90, 8, 2])[0]
        service = self.random.choice(["api", "auth", "cart", "mail", "pay"])
        return {"at": stamp(self.clock.now()), "level": level, "service": service, "ms": self.random.randint(1, 2000)}

    def send(self, rows):
        # A process that was not told of the rotation yet.
        file = self.old if self.old and time.monotonic() < self.until else self.file
        text = "".join(json.dumps(row) + "\n" for row in rows)
        cut = len(text) - 10
        file.write(text[:cut])
        file.flush()
        file.write(text[cut:])
        file.flush()

    def rotate(self, seconds):
        if os.path.exists(f"{self.path}.1"):
            os.rename(f"{self.path}.1", f"{self.path}.2")
        os.rename(self.path, f"{self.path}.1")
        self.old, self.file, self.until = self.file, open(self.path, "a"), time.monotonic() + seconds

    def url(self):
        return f"file:{self.path}"


class Clock:
    """Event time: `days` within `seconds`."""

    def __init__(self, seconds, days):
        self.seconds, self.faster, self.begun = seconds, days * 86400 / seconds, time.monotonic()

    def share(self):
        return (time.monotonic() - self.begun) / self.seconds

    def now(self):
        return BEGIN + datetime.timedelta(seconds=(time.monotonic() - self.begun) * self.faster)


class ClientMessage(ctypes.Structure):
    """A message of X11 to a window, in the room of its largest event."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong), ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("room", ctypes.c_long * 24),
    ]  # fmt: skip


def ask_to_close(display, window):
    """What a window manager sends when its cross is clicked: there is none here."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype, x11.XInternAtom.restype = ctypes.c_void_p, ctypes.c_ulong
    to = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    atom = lambda name: x11.XInternAtom(to, name, 0)
    message = ClientMessage(type=33, window=window, message_type=atom(b"WM_PROTOCOLS"), format=32)
    message.data[0] = atom(b"WM_DELETE_WINDOW")
    x11.XSendEvent(to, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message))
    x11.XFlush(to)
    x11.XCloseDisplay(to)


class Window:
    """The real window on a display of its own."""

    def __init__(self, braid, folder):
        self.braid, self.folder, self.home = braid, folder, f"{folder}/home"
        self.downloads = folder
        reader, writer = os.pipe()
        self.xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "+extension", "GLX"],
            pass_fds=[writer], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writer)
        display = b""
        while not display.endswith(b"\n"):
            display += os.read(reader, 16)
        self.env = {
            **os.environ,
            "DISPLAY": f":{display.decode().strip()}",
            "HOME": self.home,
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        for name in ("DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY", "XDG_CONFIG_HOME", "XDG_DOWNLOAD_DIR"):
            self.env.pop(name, None)
        self.process = None

    def open(self, workspace):
        self.process = subprocess.Popen(
            [self.braid, workspace], env=self.env, stderr=open(f"{self.folder}/stderr", "a")
        )
        found = self.x("search", "--sync", "--onlyvisible", "--pid", str(self.process.pid))
        self.id = found.split()[-1]
        self.x("windowfocus", "--sync", self.id)

    def x(self, *args):
        return subprocess.run(["xdotool", *args], env=self.env, capture_output=True, text=True, timeout=60).stdout

    def key(self, *keys):
        for key in keys:
            self.x("key", key)
            time.sleep(0.4)

    def command(self, name):
        self.key("ctrl+k")
        self.x("type", "--delay", "30", name)
        time.sleep(0.5)
        self.key("Return")

    def picture(self, name):
        if shutil.which("import"):
            subprocess.run(["import", "-window", "root", f"{self.folder}/{name}.png"], env=self.env, timeout=60)

    def open_question(self, number):
        """The question of the board's tile of this number, in place of the board."""
        self.key(*["Next"] * (number + 1))
        self.command("Open the question of the tile at its table")

    def export(self):
        before = set(os.listdir(self.downloads)) if os.path.isdir(self.downloads) else set()
        self.command("Export the answer as CSV")
        # There is no dialog program: the path is written, and what is proposed is taken.
        self.key("Return")
        for _ in range(100):
            time.sleep(0.1)
            after = set(os.listdir(self.downloads)) if os.path.isdir(self.downloads) else set()
            new = [name for name in after - before if name.endswith(".csv")]
            if new:
                time.sleep(0.2)
                kept = f"{self.folder}/answer"
                os.replace(f"{self.downloads}/{new[0]}", kept)
                return kept
        return None

    def board(self):
        self.key("ctrl+Next")

    def close(self):
        """As a person does: the window asks whether what a feed sends meanwhile may be missed."""
        ask_to_close(self.env["DISPLAY"], int(self.id))
        time.sleep(2)
        self.picture("quit")
        # Past "Stay", the first of the two.
        for tabs in (2, 1, 3):
            if self.process.poll() is None:
                self.key(*["Tab"] * tabs, "Return")
                time.sleep(3)
            if self.process.poll() is not None:
                return self.process.returncode
            self.key("Escape")
            ask_to_close(self.env["DISPLAY"], int(self.id))
            time.sleep(2)
        self.process.send_signal(signal.SIGTERM)
        return f"SIGTERM: {self.process.wait(20)}"

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        self.xvfb.terminate()


def look(pid):
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{pid}/stat") as file:
        cpu = sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    number = lambda key: int(status[key].split()[0])
    anonymous = number("RssAnon") / 1024
    return number("VmRSS") / 1024, anonymous, number("Threads"), len(os.listdir(f"/proc/{pid}/fd")), cpu


def workspace(feeds):
    tables = [
        {"id": i + 1, "name": feed.name, "live": [feed.url()], "seam": "append",
         "time": {"column": "at", "lateness_ms": int(LATENESS.total_seconds() * 1000)}}
        for i, feed in enumerate(feeds)
    ]  # fmt: skip
    tiles = [
        {"id": 10 + i, "title": title, "table": table, "sql": sql, "show": show}
        for i, (table, title, show, sql, _) in enumerate(TILES)
    ]
    third = lambda layout: {"share": 1 / 3, "layout": layout}
    rows = [third({"row": [third({"tile": 10 + 3 * row + i}) for i in range(3)]}) for row in range(3)]
    board = {"id": 4, "name": "Soak", "tiles": tiles, "layout": {"column": rows}}
    return {"format": 2, "shown": 4, "bench": {"tables": tables, "boards": [board], "ids": 30}}


def expected(feeds, folder):
    import duckdb

    con = duckdb.connect()
    for feed in feeds:
        feed.noted.flush()
        sent = f"{folder}/{feed.name}.sent.ndjson"
        read = f"read_json('{sent}', format='newline_delimited', sample_size=-1)"
        con.execute(f'create table {feed.name} as select * replace ("at"::timestamp as "at") from {read}')
    con.execute("create view kept as from sensors where not late")
    return con, [con.sql(other or sql.replace("(at", '("at"')) for _, _, _, sql, other in TILES]


def differs(con, want, file):
    """Why the answer in a file is not this one; `None` where it is."""
    if file is None:
        return "nothing was exported"
    read = f"read_csv('{file}', header=true, all_varchar=true)"
    there = con.sql(f"from {read}").columns
    if there != want.columns:
        return f"another answer is shown: its columns are {', '.join(there)}"
    columns = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in zip(want.columns, want.types))
    got = con.sql(f"select {columns} from {read}").fetchall()
    key = lambda row: [str(value) for value in row if not isinstance(value, (int, float))]
    want, got = sorted(want.fetchall(), key=key), sorted(got, key=key)
    if len(want) != len(got):
        return f"{len(got)} rows, not {len(want)}"

    def same(a, b):
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b)) if isinstance(a, float) and b is not None else a == b

    wrong = [(a, b) for a, b in zip(want, got) if not all(map(same, a, b))]
    return (
        f"{len(wrong)} of {len(want)} rows differ, the first: {wrong[0][1]} should be {wrong[0][0]}" if wrong else None
    )


def compare(window, feeds, folder, when):
    con, wants = expected(feeds, folder)
    bad = 0
    for number, (table, title, *_) in enumerate(TILES):
        window.open_question(number)
        for attempt in range(1, 5):
            time.sleep(3)
            why = differs(con, wants[number], window.export())
            if why is None:
                break
        bad += why is not None
        rows = con.sql(f"select count(*) from {table}").fetchall()[0][0]
        answer = len(wants[number].fetchall())
        say(f"  {when}: {title:12} {rows:>9} rows sent, {answer:>4} in the answer: {why or f'equal (try {attempt})'}")
        window.board()
    window.picture(when.replace(" ", "-"))
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--braid", required=True)
    p.add_argument("--minutes", type=float, default=40)
    p.add_argument("--days", type=float, default=2)
    p.add_argument("--keep", help="a folder for what is written: logs, workspace, pictures")
    a = p.parse_args()
    folder = os.path.abspath(a.keep) if a.keep else tempfile.mkdtemp()
    os.makedirs(f"{folder}/home/.config/braid", exist_ok=True)
    try:
        sys.exit(1 if soak(a, folder) else 0)
    finally:
        if not a.keep:
            shutil.rmtree(folder, ignore_errors=True)


def soak(a, folder):
    seconds = a.minutes * 60
    pause = lambda most: min(most, seconds / 20)
    clock = Clock(seconds, a.days)
    trades = Trades("trades", folder, 500, clock, [
        (0.15, "stall", pause(40)), (0.3, "disconnect", pause(10)), (0.45, "stall_within", pause(20)),
        (0.6, "disconnect", pause(30)), (0.65, "disconnect", 0), (0.9, "disconnect", pause(5)),
    ])  # fmt: skip
    log = Log("log", folder, 300, clock, [(0.35, "rotate", 2), (0.55, "stall", pause(60)), (0.7, "rotate", 2)])
    sensors = Sensors("sensors", folder, 200, clock, [
        (0.25, "stall", pause(60)), (0.5, "widen", None), (0.75, "disconnect", pause(20)),
    ])  # fmt: skip
    feeds = [trades, log, sensors]
    file = f"{folder}/soak.braid"
    with open(file, "w") as out:
        json.dump(workspace(feeds), out)
    # The file was not saved here: its hosts are agreed to beforehand, as with the window's own question.
    hosts = f"{folder}/home/.config/braid/hosts.json"
    with open(os.open(hosts, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
        json.dump(["127.0.0.1"], out)

    window, bad = Window(a.braid, folder), 0
    try:
        for feed in feeds:
            feed.start()
        window.open(file)
        begun, samples = time.monotonic(), []
        while time.monotonic() - begun < seconds:
            time.sleep(5)
            if window.process.poll() is not None:
                sys.exit(f"the window ended by itself: {window.process.returncode}")
            samples.append((time.monotonic() - begun, *look(window.process.pid)))
            with open(f"{folder}/samples.csv", "a") as out:
                out.write(",".join(f"{v:.1f}" for v in samples[-1]) + "\n")
        window.picture("board")
        for feed in feeds:
            feed.resting.set()
        time.sleep(5)
        say("rows sent: " + ", ".join(f"{feed.name} {feed.sent:,}" for feed in feeds))
        say(f"{'share':>6} {'minute':>7} {'RSS MiB':>8} {'anon MiB':>9} {'threads':>8} {'handles':>8} {'CPU s':>7}")
        for share in (0.05, 0.1, 0.25, 0.5, 0.75, 1.0):
            at, rss, anonymous, threads, handles, cpu = samples[max(0, int(len(samples) * share) - 1)]
            say(f"{share:>6.0%} {at / 60:>7.1f} {rss:>8.0f} {anonymous:>9.0f} {threads:>8} {handles:>8} {cpu:>7.0f}")
        window.picture("rested")
        bad += compare(window, feeds, folder, "at the end")
        say(f"closed: exit {window.close()}")
        window.open(file)
        time.sleep(15)
        window.picture("opened-again")
        bad += compare(window, feeds, folder, "opened again")
        for feed in feeds:
            feed.resting.clear()
        time.sleep(30)
        for feed in feeds:
            feed.resting.set()
        time.sleep(5)
        bad += compare(window, feeds, folder, "gone on")
        rss, anonymous, threads, handles, cpu = look(window.process.pid)
        say(
            f"the second window at its end: RSS {rss:.0f} MiB, {threads} threads, {handles} handles, {cpu:.0f} s of CPU"
        )
        say(f"closed: exit {window.close()}")
    finally:
        window.end()
    for feed in feeds:
        if feed.failed:
            say(f"{feed.name} failed: {feed.failed!r}")
            bad += 1
    say("all answers agree" if bad == 0 else f"{bad} are wrong")
    return bad


if __name__ == "__main__":
    main()
