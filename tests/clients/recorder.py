"""Takes whatever a client sends, over HTTP and OTLP/gRPC, and keeps it: one folder per key.

NNN.pb or NNN.json is the body after decompression, NNN.meta.json the path and headers, NNN.decoded.json the
OTLP message as JSON. Run it with the Python of the `instrumented` environment.

    python recorder.py FOLDER HTTP_PORT GRPC_PORT
"""

import base64
import gzip
import json
import pathlib
import sys
import threading
import zlib
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

FOLDER = pathlib.Path(sys.argv[1])
REQUESTS = {
    "traces": trace_service_pb2.ExportTraceServiceRequest,
    "logs": logs_service_pb2.ExportLogsServiceRequest,
    "metrics": metrics_service_pb2.ExportMetricsServiceRequest,
}
lock = threading.Lock()


def key_of(authorization):
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        value = base64.b64decode(value).decode().rpartition(":")[2]
    return value or "no_key"


def save(meta, body, kind, message=None):
    headers = {k.lower(): v for k, v in meta["headers"].items()}
    folder = FOLDER / key_of(headers.get("authorization"))
    with lock:
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / f"{len(list(folder.glob('*.meta.json'))) + 1:03}"
        stem.with_suffix(".meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    stem.with_suffix(f".{kind}").write_bytes(body)
    if message is not None:
        stem.with_suffix(".decoded.json").write_text(json.dumps(MessageToDict(message), indent=1) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.body()
        encoding = self.headers.get("content-encoding", "")
        body = gzip.decompress(raw) if encoding == "gzip" else zlib.decompress(raw) if encoding == "deflate" else raw
        protobuf = "protobuf" in self.headers.get("content-type", "")
        request = REQUESTS.get(self.path.rpartition("/")[2]) if protobuf else None
        meta = {"transport": "http", "path": self.path, "headers": dict(self.headers)}
        save(meta, body, "pb" if protobuf else "json", request and request.FromString(body))
        self.send_response(200)
        answer = b"" if protobuf else b"{}"
        self.send_header("content-type", "application/x-protobuf" if protobuf else "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def export(signal, answer):
    def call(self, request, context):
        meta = {"transport": "grpc", "path": signal, "headers": dict(context.invocation_metadata())}
        save(meta, request.SerializeToString(), "pb", request)
        return answer()

    return call


class Traces(trace_service_pb2_grpc.TraceServiceServicer):
    Export = export("traces", trace_service_pb2.ExportTraceServiceResponse)


class Logs(logs_service_pb2_grpc.LogsServiceServicer):
    Export = export("logs", logs_service_pb2.ExportLogsServiceResponse)


class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    Export = export("metrics", metrics_service_pb2.ExportMetricsServiceResponse)


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(4))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(Logs(), server)
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
    server.add_insecure_port(f"127.0.0.1:{sys.argv[3]}")
    server.start()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
