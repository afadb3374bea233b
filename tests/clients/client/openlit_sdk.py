"""OpenLIT's instrumentations of the OpenAI and Anthropic SDKs. Its own prices are empty here: it says that all costs 0."""

import json
import tempfile

import otel
from opentelemetry import trace

provider = otel.provider()
trace.set_tracer_provider(provider)

import openlit  # noqa: E402

with tempfile.NamedTemporaryFile("w", suffix=".json") as prices:
    json.dump({"chat": {}, "embeddings": {}}, prices)  # else it asks the network
    prices.flush()
    openlit.init(disable_metrics=True, disable_events=True, pricing_json=prices.name)
otel.call_openai()
otel.call_anthropic()
provider.shutdown()
