"""The OpenTelemetry SDK with GenAI spans made by hand: names of semconv 1.41, of today and of 1.28, and totals.

Only the four inference spans and the embedding may be charged: the agent's totals repeat what its calls say.
"""

import sys

import otel
from opentelemetry.trace import SpanKind, Status, StatusCode

MODEL = "gpt-5-mini-2025-08-07"
USAGE_1_41 = {
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.cache_read.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 300,
    "gen_ai.usage.reasoning.output_tokens": 100,
}


def exporter(transport):
    import os

    if transport == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(os.environ["PURSER_OTLP_GRPC"], insecure=True, headers=otel.HEADERS)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import Compression, OTLPSpanExporter

    url = os.environ["PURSER_OTLP_HTTP"] + "/v1/traces"
    return OTLPSpanExporter(url, headers=otel.HEADERS, compression=Compression.Gzip)


def main(transport):
    provider = otel.provider(exporter(transport))
    tracer = provider.get_tracer("by-hand", "1.0")

    def call(name, attributes):
        with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes) as span:
            return span

    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.agent.name": "planner",
        "gen_ai.conversation.id": "talk-1",
        **USAGE_1_41,
    }
    with tracer.start_as_current_span("invoke_agent planner", attributes=agent):
        chat = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5-mini",
            "gen_ai.response.model": MODEL,
            "gen_ai.response.id": f"chatcmpl-{transport}-1",
            "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"type":"text","content":"{otel.PROMPT}"}}]}}]',
            "openai.response.service_tier": "default",
        }
        call("chat gpt-5-mini", chat | USAGE_1_41)
        call("execute_tool add", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "add"})
        today = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.response.model": "claude-sonnet-4-5-20250929",
            "gen_ai.response.id": f"msg-{transport}-1",
            "gen_ai.usage.input_tokens": 1800,
            "gen_ai.usage.cache_read.input_tokens": 1000,
            "gen_ai.usage.cache_write.input_tokens": 600,
            "gen_ai.usage.output_tokens": 300,
        }
        call("chat claude-sonnet-4-5", today)
        legacy = {
            "gen_ai.system": "openai",
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.prompt_tokens": 50,
            "gen_ai.usage.completion_tokens": 7,
        }
        call("chat gpt-4o", legacy)
        embedding = {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "text-embedding-3-small",
            "gen_ai.usage.input_tokens": 800,
        }
        call("embeddings text-embedding-3-small", embedding)
        failed = {k: v for k, v in chat.items() if "response" not in k} | {"error.type": "rate_limit_exceeded"}
        with tracer.start_as_current_span("chat gpt-5-mini", kind=SpanKind.CLIENT, attributes=failed) as span:
            span.set_status(Status(StatusCode.ERROR, "429"))
    provider.shutdown()


main(sys.argv[1])
