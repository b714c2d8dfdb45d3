#!/usr/bin/env python3
"""How soon the window is there, and what it holds while nothing is open.

    cargo build --release
    benches/start.py --braid PATH/TO/braid [--rounds 5]

Needs Xvfb. Each round is a cold process with a home of its own on a display that shows nothing else: milliseconds from
its start to the first pixel that it paints (by software), and its memory five seconds later.
"""

import argparse, ctypes, os, statistics, subprocess, tempfile, time

X = ctypes.CDLL("libX11.so.6")
for name in ("XOpenDisplay", "XGetImage"):
    getattr(X, name).restype = ctypes.c_void_p
X.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
X.XDefaultRootWindow.restype = X.XGetPixel.restype = ctypes.c_ulong
INT, UNSIGNED = ctypes.c_int, ctypes.c_uint
X.XGetImage.argtypes = [ctypes.c_void_p, ctypes.c_ulong, INT, INT, UNSIGNED, UNSIGNED, ctypes.c_ulong, INT]
X.XGetPixel.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
X.XDestroyImage.argtypes = [ctypes.c_void_p]
PLACES = [(x, y) for x in range(100, 1200, 200) for y in range(60, 700, 160)]


def is_painted(display, root):
    for x, y in PLACES:
        image = X.XGetImage(display, root, x, y, 1, 1, 0xFFFFFFFF, 2)
        pixel = X.XGetPixel(image, 0, 0) & 0xFFFFFF
        X.XDestroyImage(image)
        if pixel:
            return True
    return False


def once(braid, number):
    """Milliseconds to the first pixel, MiB five seconds later."""
    screen = f":{number}"
    server = subprocess.Popen(["Xvfb", screen, "-screen", "0", "1280x800x24"], stderr=subprocess.DEVNULL)
    while not (display := X.XOpenDisplay(screen.encode())):
        time.sleep(0.05)
    root = X.XDefaultRootWindow(display)
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "DISPLAY": screen, "HOME": home, "LIBGL_ALWAYS_SOFTWARE": "1"}
        env = {key: value for key, value in env.items() if not key.startswith("XDG_") and key != "WAYLAND_DISPLAY"}
        begun = time.perf_counter()
        window = subprocess.Popen([braid], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not is_painted(display, root):
            time.sleep(0.001)
        took = 1e3 * (time.perf_counter() - begun)
        time.sleep(5)
        with open(f"/proc/{window.pid}/status") as status:
            memory = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
        window.terminate()
        window.wait()
    server.terminate()
    server.wait()
    return took, memory


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--braid", required=True)
    p.add_argument("--rounds", type=int, default=5)
    a = p.parse_args()
    took, memory = zip(*(once(os.path.abspath(a.braid), 200 + round) for round in range(a.rounds)))
    print(f"first pixel after {statistics.median(took):.0f} ms ({min(took):.0f} to {max(took):.0f}), "
          f"{statistics.median(memory):.0f} MiB five seconds later, {a.rounds} rounds")  # fmt: skip


if __name__ == "__main__":
    main()
