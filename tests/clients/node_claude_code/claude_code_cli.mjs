// Claude Code itself, asked once without a terminal: its log events, and with `traces` also its spans.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const home = mkdtempSync(join(tmpdir(), "claude-code-"));
const env = {
  PATH: process.env.PATH,
  HOME: home,
  ANTHROPIC_BASE_URL: process.env.MOCK_URL,
  ANTHROPIC_API_KEY: "unused",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  CLAUDE_CODE_ENABLE_TELEMETRY: "1",
  OTEL_LOGS_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_LOG_USER_PROMPTS: "1",
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  OTEL_EXPORTER_OTLP_ENDPOINT: process.env.PURSER_OTLP_HTTP,
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${process.env.PURSER_KEY}`,
};
if (process.argv.includes("traces")) Object.assign(env, { CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: "1", OTEL_TRACES_EXPORTER: "otlp" });

const claude = new URL("node_modules/.bin/claude", import.meta.url).pathname;
const prompt = process.env.PURSER_PROMPT ?? "What is two and two?";
const options = { cwd: home, env, encoding: "utf8", timeout: 60_000 };
const done = spawnSync(claude, ["-p", prompt, "--model", "claude-sonnet-4-6"], options);
rmSync(home, { recursive: true, force: true });
console.log(done.stdout, done.stderr, done.error ?? "");
process.exit(done.status ?? 1);
