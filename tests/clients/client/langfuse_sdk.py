"""The Langfuse SDK: a span with two generations and an embedding; usage_details are exclusive buckets."""

import os

os.environ["LANGFUSE_BASE_URL"] = os.environ["PURSER_URL"]
os.environ["LANGFUSE_PUBLIC_KEY"] = "any"
os.environ["LANGFUSE_SECRET_KEY"] = os.environ["PURSER_KEY"]

from langfuse import get_client, propagate_attributes  # noqa: E402

PROMPT = os.environ.get("PURSER_PROMPT", "What is two and two?")
langfuse = get_client()
with langfuse.start_as_current_observation(as_type="span", name="answer", input=PROMPT):
    with propagate_attributes(user_id="ada", session_id="talk-1", tags=["nightly"]):
        with langfuse.start_as_current_observation(
            as_type="generation", name="ask", model="gpt-5-mini", input=[{"role": "user", "content": PROMPT}]
        ) as generation:
            usage = {"input": 200, "input_cached_tokens": 1000, "output": 200, "output_reasoning_tokens": 100}
            generation.update(output="Four.", usage_details=usage)
        with langfuse.start_as_current_observation(
            as_type="generation", name="check", model="claude-sonnet-4-5-20250929"
        ) as generation:
            usage = {"input": 200, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 600, "output": 300}
            generation.update(output="Yes.", usage_details=usage, cost_details={"input": 0.0006, "total": 0.00795})
        with langfuse.start_as_current_observation(
            as_type="embedding", name="embed", model="text-embedding-3-small"
        ) as generation:
            generation.update(usage_details={"input": 800})
langfuse.shutdown()
