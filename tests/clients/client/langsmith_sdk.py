"""The LangSmith SDK, exporting to OpenTelemetry only: wrapped OpenAI and Anthropic SDKs inside a chain.

The Anthropic SDK makes spans of its own where a tracer provider is set: two spans of that call.
"""

import os

os.environ |= {"LANGSMITH_TRACING": "true", "LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_OTEL_ONLY": "true"}
os.environ["LANGSMITH_API_KEY"] = "unused"

import otel  # noqa: E402
from opentelemetry import trace  # noqa: E402

provider = otel.provider()
trace.set_tracer_provider(provider)

from langsmith import traceable  # noqa: E402
from langsmith.run_trees import get_cached_client  # noqa: E402
from langsmith.wrappers import wrap_anthropic, wrap_openai  # noqa: E402


@traceable(name="answer")
def answer(question):
    otel.call_openai(embed=False, wrap=wrap_openai)
    # LangSmith 0.15 cannot put together what the newest Anthropic SDK streams.
    otel.call_anthropic(stream=False, wrap=wrap_anthropic)


answer(otel.PROMPT)
get_cached_client().flush()
provider.shutdown()
