"""Signs in to a running demo in headless Chromium and writes a screenshot, 1440 px wide.

Speaks the DevTools protocol over a pipe; needs nothing but Python's standard library and Debian's chromium.
Environment: KEY, BASE, OUTPUT; CHROMIUM (default chromium), WIDTH (default 1440), SCHEME (light or dark).
"""

import base64
import json
import os
import subprocess
import tempfile
import time

BASE, KEY, OUTPUT = os.environ["BASE"], os.environ["KEY"], os.environ["OUTPUT"]
WIDTH = int(os.environ.get("WIDTH", "1440"))
SCHEME = os.environ.get("SCHEME", "light")


class Browser:
    """One headless Chromium with one page."""

    def __init__(self, profile):
        commands_read, self.commands = os.pipe()
        self.answers, answers_write = os.pipe()

        def wire():
            # The browser reads commands from descriptor 3 and writes answers to 4.
            high_read, high_write = os.dup(commands_read), os.dup(answers_write)
            os.dup2(high_read, 3)
            os.dup2(high_write, 4)

        arguments = [os.environ.get("CHROMIUM", "chromium"), "--headless=new", "--no-sandbox", "--disable-gpu",
                     "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={profile}",
                     f"--window-size={WIDTH},1000", "about:blank"]
        self.process = subprocess.Popen(arguments, preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(commands_read)
        os.close(answers_write)
        self.pending, self.count, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def read(self):
        while b"\0" not in self.pending:
            chunk = os.read(self.answers, 1 << 20)
            if not chunk:
                raise SystemExit("the browser is gone")
            self.pending += chunk
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script, seconds=20):
        for _ in range(seconds * 10):
            if self.evaluate(script):
                return
            time.sleep(0.1)
        raise SystemExit(f"never true: {script}")


def main():
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            take(browser)
        finally:
            browser.process.terminate()
            browser.process.wait()


def take(browser):
    browser.call("Page.enable")
    browser.call("Runtime.enable")
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": SCHEME}])
    browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=1000, deviceScaleFactor=1, mobile=False)
    browser.call("Page.navigate", url=BASE + "/")
    field = "document.querySelector('form input[type=password]')"
    browser.wait(f"document.readyState === 'complete' && !!{field}")
    browser.evaluate(f"{field}.value = {json.dumps(KEY)}; {field}.form.requestSubmit()")
    browser.wait(f"document.readyState === 'complete' && location.href !== 'about:blank' && !{field}")
    time.sleep(2)  # the chart draws itself
    height = min(int(browser.evaluate("document.documentElement.scrollHeight")), 1500)
    browser.call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=1, mobile=False)
    time.sleep(1)
    image = browser.call("Page.captureScreenshot", format="png")["data"]
    os.makedirs(os.path.dirname(OUTPUT) or ".", exist_ok=True)
    with open(OUTPUT, "wb") as file:
        file.write(base64.b64decode(image))
    errors = [event for event in browser.events if event.get("method") == "Runtime.exceptionThrown"]
    if errors:
        raise SystemExit(f"the page's script failed: {errors[0]['params']}")


main()
