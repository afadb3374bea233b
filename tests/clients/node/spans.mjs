// The Node OpenTelemetry SDK with GenAI spans made by hand, as JSON (`json`) or protobuf (`proto`).
import { SpanKind } from "@opentelemetry/api";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const kind = process.argv[2];
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${kind === "json" ? "http" : "proto"}`);
const exporter = new OTLPTraceExporter({
  url: `${process.env.PURSER_OTLP_HTTP}/v1/traces`,
  headers: { authorization: `Bearer ${process.env.PURSER_KEY}` },
  compression: kind === "proto" ? "gzip" : "none",
});
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
const tracer = provider.getTracer("by-hand");

function call(name, attributes) {
  tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }).end();
}

call("chat gpt-5-mini", {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-5-mini",
  "gen_ai.response.model": "gpt-5-mini-2025-08-07",
  "gen_ai.response.id": `chatcmpl-node-${kind}-1`,
  "gen_ai.input.messages": JSON.stringify([{ role: "user", content: process.env.PURSER_PROMPT ?? "What is two and two?" }]),
  "gen_ai.usage.input_tokens": 1200,
  "gen_ai.usage.cache_read.input_tokens": 1000,
  "gen_ai.usage.output_tokens": 300,
  "gen_ai.usage.reasoning.output_tokens": 100,
});
call("chat gpt-4o", {
  "gen_ai.system": "openai",
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.usage.prompt_tokens": 50,
  "gen_ai.usage.completion_tokens": 7,
});
await provider.shutdown();
