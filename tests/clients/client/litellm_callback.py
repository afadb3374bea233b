"""LiteLLM's callbacks: otel, langfuse_otel, openmeter, generic_api. OpenAI plain and streamed, Anthropic, and one mocked."""

import asyncio
import os
import sys

KEY, URL, OTLP = os.environ["PURSER_KEY"], os.environ["PURSER_URL"], os.environ["PURSER_OTLP_HTTP"]
PROMPT = os.environ.get("PURSER_PROMPT", "What is two and two?")
os.environ |= {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENMETER_API_ENDPOINT": URL,
    "OPENMETER_API_KEY": KEY,
    "LANGFUSE_PUBLIC_KEY": "any",
    "LANGFUSE_SECRET_KEY": KEY,
    "LANGFUSE_OTEL_HOST": URL,
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"{OTLP}/v1/traces",
    "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer {KEY}",
}

import litellm  # noqa: E402


def ask(model, **options):
    # LiteLLM writes into `metadata`: the same dict in two calls would make it log only the first.
    messages = [{"role": "user", "content": PROMPT}]
    return litellm.acompletion(model, messages=messages, user="ada", metadata={"tags": ["nightly"]}, **options)


async def main(name):
    if name == "generic_api":
        from litellm.integrations.generic_api.generic_api_callback import GenericAPILogger

        name = GenericAPILogger(f"{URL}/api/v1/litellm", {"authorization": f"Bearer {KEY}"}, batch_size=1)
    litellm.callbacks = [name]
    real = {"api_base": os.environ["MOCK_URL"] + "/v1", "api_key": "unused"}
    await ask("openai/gpt-5-mini", **real)
    async for _ in await ask("openai/gpt-5-mini", stream=True, stream_options={"include_usage": True}, **real):
        pass
    await ask("anthropic/claude-sonnet-4-5", api_base=os.environ["MOCK_URL"], api_key="unused")
    await ask("openai/gpt-4o", mock_response=os.environ.get("MOCK_ANSWER", "Four."))
    await asyncio.sleep(3)  # callbacks run in the background, and there is nothing to wait for


asyncio.run(main(sys.argv[1]))
from opentelemetry import trace  # noqa: E402

flush = getattr(trace.get_tracer_provider(), "force_flush", None)
if flush:
    flush()
