"""Strands agents on OpenAI and on Anthropic: the spans of the agent repeat the counts of its calls."""

import otel
from opentelemetry import trace

provider = otel.provider()
trace.set_tracer_provider(provider)

from strands import Agent  # noqa: E402
from strands.models.anthropic import AnthropicModel  # noqa: E402
from strands.models.openai import OpenAIModel  # noqa: E402

openai = OpenAIModel(client_args={"base_url": f"{otel.MOCK}/v1", "api_key": "unused"}, model_id="gpt-5-mini")
anthropic = AnthropicModel(
    client_args={"base_url": otel.MOCK, "api_key": "unused"}, model_id="claude-sonnet-4-5", max_tokens=1000
)
for model in (openai, anthropic):
    Agent(model=model, callback_handler=None, trace_attributes={"session.id": "talk-1"})(otel.PROMPT)
provider.shutdown()
