"""Delivers every request, but answers the first of each key with 503: the client must send it again.

GET tells how many requests each key has sent, as a JSON list.

    python3 flaky_proxy.py PORT TARGET_URL
"""

import collections
import json
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP = {"host", "connection", "content-length", "transfer-encoding"}
sent = collections.Counter()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        request = urllib.request.Request(sys.argv[2] + self.path, self.body(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, kind, data = answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as error:
            status, kind, data = error.code, error.headers["content-type"], error.read()
        key = self.headers["authorization"]
        sent[key] += status == 200
        if status == 200 and sent[key] == 1:
            status, kind, data = 503, "text/plain", b"lost the answer"
        self.reply(status, kind, data)

    def do_GET(self):
        self.reply(200, "application/json", json.dumps(list(sent.values())).encode())

    def reply(self, status, kind, data):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
