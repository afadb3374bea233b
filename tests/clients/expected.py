"""What each client's calls must cost, worked by hand from the mock's fixed usage and the list prices.

USD per million tokens: gpt-5-mini 0.25, cached 0.025, output 2.00; gpt-4o 2.50 and 10.00; text-embedding-3-small
0.02; claude-sonnet-4-5 3.00, read 0.30, write 3.75 (5 min) and 6.00 (1 h), output 15.00, and so
claude-sonnet-4-6; gemini-2.5-flash 0.30, cached 0.03, output 2.50.
"""

GPT_5_MINI = ("openai", "gpt-5-mini")
SONNET = ("anthropic", "claude-sonnet-4-5")

# prompt 1200 of which 1000 cached, completion 300 of which 100 reasoned: 50 + 25 + 600 micro-dollars
CHAT = (*GPT_5_MINI, {"input": 200, "cache_read": 1000, "output": 200, "reasoning": 100}, "0.000675")
# the same call seen without its reasoning
CHAT_NO_REASONING = (*GPT_5_MINI, {"input": 200, "cache_read": 1000, "output": 300}, "0.000675")
# the same call as a CloudEvent of LiteLLM, which tells totals only: the model's maker is the provider, and what LiteLLM
# says it cost stands, for it knows what was cached
CHAT_TOTALS = (*GPT_5_MINI, {"input": 1200, "output": 300}, "0.000675")
# input 2200 of which 2000 cached, output 400 of which 150 reasoned: 50 + 50 + 800
RESPONSE = (*GPT_5_MINI, {"input": 200, "cache_read": 2000, "output": 250, "reasoning": 150}, "0.0009")
# the same call seen without its reasoning
RESPONSE_NO_REASONING = (*GPT_5_MINI, {"input": 200, "cache_read": 2000, "output": 400}, "0.0009")
EMBEDDING = ("openai", "text-embedding-3-small", {"input": 800}, "0.000016")
# 600 + 300 + 1500 + 1200 + 4500
MESSAGE = (
    *SONNET,
    {"input": 200, "cache_read": 1000, "cache_write_5m": 400, "cache_write_1h": 200, "output": 200, "reasoning": 100},
    "0.0081",
)
# the same usage of claude-sonnet-4-6, whose prices are the same, seen without its reasoning
MESSAGE_NO_REASONING = (
    "anthropic",
    "claude-sonnet-4-6",
    {"input": 200, "cache_read": 1000, "cache_write_5m": 400, "cache_write_1h": 200, "output": 300},
    "0.0081",
)
# the same call seen without the life of its cache writes: 600 + 300 + 2250 + 4500
MESSAGE_NO_TTL = (*SONNET, {"input": 200, "cache_read": 1000, "cache_write_5m": 600, "output": 300}, "0.00765")
# the same call as a CloudEvent of LiteLLM, at what LiteLLM says
MESSAGE_TOTALS = (*SONNET, {"input": 1800, "output": 300}, "0.0081")
# OpenLLMetry 0.62 adds the 1 of message_start to the 300 of message_delta when it streams
MESSAGE_STREAM = (*SONNET, {"input": 200, "cache_read": 1000, "cache_write_5m": 600, "output": 301}, "0.007665")
# prompt 1200 of which 1000 cached, candidates 200, thoughts 100 beside them: 60 + 30 + 500 + 250
GEMINI = (
    "gcp.gemini",
    "gemini-2.5-flash",
    {"input": 200, "cache_read": 1000, "output": 200, "reasoning": 100},
    "0.00084",
)
GPT_4O = ("openai", "gpt-4o", {"input": 50, "output": 7}, "0.000195")
# LiteLLM's mock_response: 10 and 20, so 25 + 200
MOCKED = ("openai", "gpt-4o", {"input": 10, "output": 20}, "0.000225")

OTLP = [CHAT, MESSAGE_NO_TTL, GPT_4O, EMBEDDING]
OPENAI = [CHAT, CHAT, RESPONSE, EMBEDDING]

# environments of the newest clients, which need more than the others: what cannot be installed is skipped
OPTIONAL = {"adk", "langsmith", "node_ai_sdk_7", "node_claude_code", "openlit", "strands"}

# client: (environment, script and arguments, charges)
CLIENTS = {
    "otlp_http": ("instrumented", ["otlp_spans.py", "http"], OTLP),
    "otlp_http_retried": ("instrumented", ["otlp_spans.py", "http"], OTLP),
    "otlp_grpc": ("instrumented", ["otlp_spans.py", "grpc"], OTLP),
    "otlp_metrics": ("instrumented", ["otlp_metrics.py"], []),
    "openllmetry_openai": (
        "instrumented",
        ["openai_spans.py", "openllmetry"],
        [CHAT, CHAT_NO_REASONING, RESPONSE, EMBEDDING],
    ),
    "openinference_openai": ("instrumented", ["openai_spans.py", "openinference"], OPENAI),
    "openai_twice": ("instrumented", ["openai_spans.py", "openllmetry", "openinference"], [CHAT, CHAT, RESPONSE]),
    "semconv_openai": ("semconv", ["openai_spans.py", "semconv"], OPENAI),
    "openllmetry_anthropic": (
        "instrumented",
        ["anthropic_spans.py", "openllmetry"],
        [MESSAGE_NO_TTL, MESSAGE_STREAM],
    ),
    "anthropic_sdk": ("instrumented", ["anthropic_spans.py", "sdk"], [MESSAGE, MESSAGE]),
    "anthropic_twice": ("instrumented", ["anthropic_spans.py", "sdk", "openllmetry"], [MESSAGE, MESSAGE]),
    "langfuse": ("instrumented", ["langfuse_sdk.py"], [CHAT, MESSAGE_NO_TTL, EMBEDDING]),
    "langfuse_retried": ("instrumented", ["langfuse_sdk.py"], [CHAT, MESSAGE_NO_TTL, EMBEDDING]),
    "litellm_otel": ("litellm", ["litellm_callback.py", "otel"], [CHAT, CHAT, MESSAGE, MOCKED]),
    "litellm_langfuse_otel": ("litellm", ["litellm_callback.py", "langfuse_otel"], [CHAT, CHAT, MESSAGE, MOCKED]),
    "litellm_openmeter": (
        "litellm",
        ["litellm_callback.py", "openmeter"],
        [CHAT_TOTALS, CHAT_TOTALS, MESSAGE_TOTALS, MOCKED],
    ),
    "litellm_generic_api": ("litellm", ["litellm_callback.py", "generic_api"], [CHAT, CHAT, MESSAGE, MOCKED]),
    "node_json": ("node", ["spans.mjs", "json"], [CHAT, GPT_4O]),
    "node_proto": ("node", ["spans.mjs", "proto"], [CHAT, GPT_4O]),
    "node_proto_retried": ("node", ["spans.mjs", "proto"], [CHAT, GPT_4O]),
    "claude_code": ("node", ["claude_code.mjs"], [MESSAGE_NO_TTL, MESSAGE_NO_TTL]),
    "claude_code_cli": ("node_claude_code", ["claude_code_cli.mjs"], [MESSAGE_NO_REASONING]),
    "claude_code_cli_twice": ("node_claude_code", ["claude_code_cli.mjs", "traces"], [MESSAGE_NO_REASONING]),
    "vercel_ai": ("node", ["vercel_ai.mjs"], OPENAI),
    "ai_sdk_7": (
        "node_ai_sdk_7",
        ["ai_sdk_7.mjs"],
        [CHAT_NO_REASONING, CHAT_NO_REASONING, RESPONSE_NO_REASONING, MESSAGE_NO_TTL, EMBEDDING],
    ),
    "strands": ("strands", ["strands_agent.py"], [CHAT_NO_REASONING, MESSAGE_NO_TTL]),
    "langsmith": ("langsmith", ["langsmith_sdk.py"], [CHAT, CHAT, RESPONSE, MESSAGE]),
    "openlit": (
        "openlit",
        ["openlit_sdk.py"],
        [CHAT_NO_REASONING, CHAT_NO_REASONING, RESPONSE, EMBEDDING, MESSAGE_NO_TTL, MESSAGE_NO_TTL],
    ),
    "adk": ("adk", ["adk_agent.py"], [GEMINI]),
}
