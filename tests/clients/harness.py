"""What the client tests stand on: environments, the purser server, and its API. Standard library only."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
CACHE = pathlib.Path(os.environ.get("PURSER_CLIENTS_CACHE", pathlib.Path.home() / ".cache/purser-clients"))
UV = "uv==0.13.8"


def run(*command, **options):
    """Runs a command, shows its output only if it fails."""
    done = subprocess.run([str(c) for c in command], text=True, capture_output=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def try_run(*command):
    """Runs a command that may fail; returns its exit code and output."""
    done = subprocess.run([str(c) for c in command], text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def up_to_date(folder, content):
    """Whether `folder` was made from `content`; if not, it is removed."""
    stamp = folder / "stamp"
    if stamp.exists() and stamp.read_text() == content:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def python_environment(name):
    """The Python of the environment of requirements/`name`.txt, made if it is missing or outdated."""
    requirements = HERE / "requirements" / f"{name}.txt"
    folder = CACHE / name
    content = hashlib.sha256(requirements.read_bytes()).hexdigest() + sys.version
    if not up_to_date(folder, content):
        environ = os.environ | {"UV_CACHE_DIR": str(CACHE / "uv-cache")}
        run(uv(), "venv", "--quiet", "--python", sys.executable, folder, env=environ)
        run(uv(), "pip", "install", "--quiet", "--python", folder / "bin/python", "-r", requirements, env=environ)
        (folder / "stamp").write_text(content)
    return folder / "bin/python"


def uv():
    folder = CACHE / "uv"
    if not up_to_date(folder, UV):
        run(sys.executable, "-m", "venv", folder)
        run(folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", UV)
        (folder / "stamp").write_text(UV)
    return folder / "bin/uv"


def node_environment(name):
    """A folder with node's packages and the scripts of `name`: node looks for packages beside the script."""
    folder = CACHE / name
    content = hashlib.sha256((HERE / name / "package-lock.json").read_bytes()).hexdigest()
    if not up_to_date(folder, content):
        folder.mkdir(parents=True)
        for file in ["package.json", "package-lock.json"]:
            shutil.copy(HERE / name / file, folder)
        run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
        for program in ["node", "claude"]:
            if (folder / "node_modules/.bin" / program).is_symlink():
                run(folder / "node_modules/.bin" / program, "--version")
        (folder / "stamp").write_text(content)
    for script in (HERE / name).glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def is_node(environment):
    return environment.startswith("node")


def command_of(environment, script):
    """The command line of a client's script; a node environment may bring a node of its own."""
    folder = CACHE / environment
    if is_node(environment):
        own = folder / "node_modules/.bin/node"
        return [own if own.exists() else "node", folder / script[0], *script[1:]]
    return [folder / "bin/python", HERE / "client" / script[0], *script[1:]]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process, seconds=30):
    """Returns when something listens on `port`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{process.args} ended with {process.returncode}")
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"{process.args} does not listen on port {port}")


def background(port, *command, **options):
    """Starts a program that listens on `port`."""
    process = subprocess.Popen([str(c) for c in command], **options)
    wait_for(port, process)
    return process


class Purser:
    """A purser server on ports of its own."""

    def __init__(self, folder):
        self.binary = os.environ.get("PURSER_BIN", str(ROOT / "target/debug/purser"))
        if not shutil.which(self.binary):
            sys.exit(f"there is no program {self.binary}: build purser, or name it in PURSER_BIN")
        self.data = pathlib.Path(folder) / "data"
        self.log = pathlib.Path(folder) / "server.log"
        self.port, self.otlp_http, self.otlp_grpc = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def cli(self, *arguments):
        return run(self.binary, *arguments, "--data-dir", self.data)

    def tenant(self, name):
        """Creates a tenant; returns a key that may only send and one that may only read."""
        self.cli("tenant", "create", name)
        keys = [self.cli("key", "create", "--tenant", name, "--role", role, "--json") for role in ("ingest", "read")]
        return [json.loads(key)["key"] for key in keys]

    def start(self):
        listen = ["--listen", f"127.0.0.1:{self.port}"]
        listen += ["--otlp-http-listen", f"127.0.0.1:{self.otlp_http}"]
        listen += ["--otlp-grpc-listen", f"127.0.0.1:{self.otlp_grpc}"]
        with self.log.open("ab") as log:
            command = [self.binary, "serve", "--data-dir", self.data, *listen]
            self.process = background(self.port, *command, stdout=log, stderr=log)
        wait_for(self.otlp_grpc, self.process)

    def stop(self):
        """Asks the server to stop, which flushes to the lake."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if self.process.wait(60) != 0:
                sys.exit(f"the server ended with {self.process.returncode}:\n{self.log.read_text()[-2000:]}")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def call(self, path, key, body=None, content_type="application/json"):
        """Returns the status and the JSON of the answer."""
        headers = {"authorization": f"Bearer {key}", "content-type": content_type}
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def get(self, path, key):
        status, answer = self.call(path, key)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {answer}")
        return answer


def content_found(purser, markers):
    """Where one of `markers` stands in the data directory or the log, in words."""
    found = run(CACHE / "readers/bin/python", HERE / "scan.py", purser.data, purser.log, *markers)
    return found.splitlines()
