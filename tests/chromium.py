"""A headless Chromium that opens a page, moves the mouse over it and is asked what it shows.

It is spoken to in the DevTools protocol over its pipe: one JSON message each way, ended by a zero byte.
"""

import base64
import json
import os
import shutil
import subprocess
from contextlib import contextmanager

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe")


class Tab:
    """One page. `errors` are those of its console, warnings too; `asked`, the addresses that it loads."""

    def __init__(self, reading, writing):
        self._reading, self._writing, self._count, self._session = reading, writing, 0, {}
        self.errors, self.asked = [], []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, path, *, hash="", width=1280, height=720, dark=False):
        """Open a file, at a place in it, in a window of this size."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._call("Emulation.setEmulatedMedia", features=features)
        self._call("Page.navigate", url="about:blank")  # or another place in the same file would not load it again
        self._call("Page.navigate", url=path.resolve().as_uri() + (f"#{hash}" if hash else ""))

    def ask(self, expression):
        """The value of a JavaScript expression, awaited."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"]["description"])
        return found["result"].get("value")

    def wait(self, expression):
        """Wait until a JavaScript expression is true; half a minute is never needed, and then it is an error."""
        self.ask(
            """new Promise((done, fail) => {
                setTimeout(() => fail(new Error(`never true: ${expression}`)), 30000);
                const look = () => { try { if (eval(expression)) return done() } catch {} requestAnimationFrame(look) };
                look() })""".replace("expression", json.dumps(expression))
        )

    def move(self, x, y):
        """Move the mouse."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        """Click."""
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path, **options):
        """Write a PNG of the window, or of the whole page with captureBeyondViewport=True."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", **options)["data"]))

    def _call(self, method, **params):
        self._count += 1
        message = {"id": self._count, "method": method, "params": params} | self._session
        self._writing.write(json.dumps(message).encode() + b"\0")
        self._writing.flush()
        while True:
            found = json.loads(self._message())
            if found.get("id") == self._count:
                if "error" in found:
                    raise RuntimeError(f"{method}: {found['error']}")
                return found["result"]
            self._note(found.get("method"), found.get("params"))

    def _message(self):
        parts = []
        while (byte := self._reading.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("Chromium has ended")
            parts.append(byte)
        return b"".join(parts)

    def _note(self, event, params):
        if event == "Runtime.exceptionThrown":
            self.errors.append(str(params["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str(params["args"]))
        elif event == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])


@contextmanager
def tab(folder):
    """A Chromium with its profile in a folder, and one page of it."""
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    # It reads from descriptor 3 and writes to 4.
    start = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    command = ["bash", "-c", start, "bash", PROGRAM, *FLAGS, f"--user-data-dir={folder}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, pass_fds=(theirs_in, theirs_out), **quiet) as process:
        os.close(theirs_in)
        os.close(theirs_out)
        with os.fdopen(ours_in, "rb") as reading, os.fdopen(ours_out, "wb") as writing:
            yield Tab(reading, writing)
        process.terminate()
