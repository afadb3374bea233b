"""The OpenTelemetry SDK's metrics: accepted, never charged."""

import os

import otel
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

exporter = OTLPMetricExporter(os.environ["PURSER_OTLP_HTTP"] + "/v1/metrics", headers=otel.HEADERS)
provider = MeterProvider([PeriodicExportingMetricReader(exporter)], resource=otel.RESOURCE)
tokens = provider.get_meter("by-hand").create_histogram("gen_ai.client.token.usage", unit="{token}")
tokens.record(1200, {"gen_ai.token.type": "input", "gen_ai.request.model": "gpt-5-mini"})
assert provider.force_flush()
provider.shutdown()
