"""What the OpenTelemetry clients share: a provider that exports to purser, and the real model SDK calls."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

RESOURCE = Resource({"service.name": "purser-test", "deployment.environment.name": "ci"})
HEADERS = {"authorization": f"Bearer {os.environ['PURSER_KEY']}"}
PROMPT = os.environ.get("PURSER_PROMPT", "What is two and two?")
MOCK = os.environ["MOCK_URL"]


def provider(exporter=None):
    """A tracer provider whose `shutdown()` returns once everything is exported."""
    exporter = exporter or OTLPSpanExporter(os.environ["PURSER_OTLP_HTTP"] + "/v1/traces", headers=HEADERS)
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def call_openai(embed=True, responses=True, wrap=lambda client: client):
    """One chat, one streamed chat, one response and one embedding."""
    from openai import OpenAI

    client = wrap(OpenAI(base_url=f"{MOCK}/v1", api_key="unused"))
    ask = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": PROMPT}]}
    client.chat.completions.create(**ask)
    for _ in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
        pass
    if responses:
        client.responses.create(model="gpt-5-mini", input=PROMPT)
    if embed:
        client.embeddings.create(model="text-embedding-3-small", input=PROMPT)


def call_anthropic(stream=True, wrap=lambda client: client):
    """One message and one streamed message."""
    from anthropic import Anthropic

    client = wrap(Anthropic(base_url=MOCK, api_key="unused"))
    ask = {"model": "claude-sonnet-4-5", "max_tokens": 1000, "messages": [{"role": "user", "content": PROMPT}]}
    client.messages.create(**ask)
    if stream:
        for _ in client.messages.create(**ask, stream=True):
            pass
