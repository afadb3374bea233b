// Log events as Claude Code sends them (OTLP http/json): numbers as text in one, as numbers in the other.
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";

const exporter = new OTLPLogExporter({
  url: `${process.env.PURSER_OTLP_HTTP}/v1/logs`,
  headers: { authorization: `Bearer ${process.env.PURSER_KEY}` },
});
const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
const logger = provider.getLogger("com.anthropic.claude_code.events", "2.0.0");

function event(name, attributes) {
  const common = { "event.name": name, "session.id": "session-1", "user.id": "ada", "terminal.type": "ci" };
  logger.emit({ body: `claude_code.${name}`, attributes: { ...common, ...attributes } });
}

const usage = { input_tokens: 200, output_tokens: 300, cache_read_tokens: 1000, cache_creation_tokens: 600 };
const call = { model: "claude-sonnet-4-5-20250929", ...usage, cost_usd: 0.00765, duration_ms: 900, speed: "normal" };
const text = Object.fromEntries(Object.entries(call).map(([key, value]) => [key, String(value)]));
event("user_prompt", { prompt: process.env.PURSER_PROMPT ?? "What is two and two?", prompt_length: 20 });
event("api_request", { ...call, "event.sequence": 1, request_id: "req_1", query_source: "main" });
event("api_request", { ...text, "event.sequence": 2, request_id: "req_2", query_source: "subagent" });
event("api_error", { model: call.model, error: "Overloaded", status_code: "529", duration_ms: 50, attempt: 1 });
await provider.shutdown();
