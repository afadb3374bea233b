// AI SDK 7 with its own exporter: the span of the agent around each call repeats its counts, that around an embedding its name.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { embed, generateText, registerTelemetry, streamText } from "ai";

const exporter = new OTLPTraceExporter({
  url: `${process.env.PURSER_OTLP_HTTP}/v1/traces`,
  headers: { authorization: `Bearer ${process.env.PURSER_KEY}` },
});
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
registerTelemetry(new OpenTelemetry({ tracer: provider.getTracer("gen_ai") }));

const openai = createOpenAI({ baseURL: `${process.env.MOCK_URL}/v1`, apiKey: "unused" });
const anthropic = createAnthropic({ baseURL: `${process.env.MOCK_URL}/v1`, apiKey: "unused" });
const prompt = process.env.PURSER_PROMPT ?? "What is two and two?";
const telemetry = { functionId: "answer" };
await generateText({ model: openai.chat("gpt-5-mini"), prompt, telemetry });
await streamText({ model: openai.chat("gpt-5-mini"), prompt, telemetry }).consumeStream();
await generateText({ model: openai.responses("gpt-5-mini"), prompt, telemetry });
await generateText({ model: anthropic("claude-sonnet-4-5"), prompt, telemetry });
await embed({ model: openai.embedding("text-embedding-3-small"), value: prompt, telemetry });
await provider.shutdown();
