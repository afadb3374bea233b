// The Vercel AI SDK's own telemetry: an outer span repeats the totals of the inner one, which is the call.
import { createOpenAI } from "@ai-sdk/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { embed, generateText, streamText } from "ai";

const exporter = new OTLPTraceExporter({
  url: `${process.env.PURSER_OTLP_HTTP}/v1/traces`,
  headers: { authorization: `Bearer ${process.env.PURSER_KEY}` },
});
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
const tracer = provider.getTracer("ai");
const experimental_telemetry = { isEnabled: true, tracer, functionId: "answer", metadata: { userId: "ada" } };

const openai = createOpenAI({ baseURL: `${process.env.MOCK_URL}/v1`, apiKey: "unused" });
const prompt = process.env.PURSER_PROMPT ?? "What is two and two?";
await generateText({ model: openai.chat("gpt-5-mini"), prompt, experimental_telemetry });
await streamText({ model: openai.chat("gpt-5-mini"), prompt, experimental_telemetry }).consumeStream();
await generateText({ model: openai.responses("gpt-5-mini"), prompt, experimental_telemetry });
await embed({ model: openai.embedding("text-embedding-3-small"), value: prompt, experimental_telemetry });
await provider.shutdown();
