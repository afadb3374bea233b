"""A model endpoint that answers like OpenAI, Anthropic and Gemini, always with the same usage.

Ids are fixed and counted per caller: the first path segment names the caller, so `/otlp/v1/messages`
answers `msg_otlp_1`, then `msg_otlp_2`. Standard library only.

    python3 mock_model.py PORT [ANSWER]
"""

import collections
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = sys.argv[2] if len(sys.argv) > 2 else "Four."
CHAT_USAGE = {
    "prompt_tokens": 1200,
    "completion_tokens": 300,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 1000, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 100, "audio_tokens": 0},
}
RESPONSES_USAGE = {
    "input_tokens": 2200,
    "input_tokens_details": {"cached_tokens": 2000, "cache_write_tokens": 0},
    "output_tokens": 400,
    "output_tokens_details": {"reasoning_tokens": 150},
    "total_tokens": 2600,
}
EMBEDDINGS_USAGE = {"prompt_tokens": 800, "total_tokens": 800}
# Anthropic counts exclusively: input_tokens is what neither was read from nor written to the cache.
MESSAGES_USAGE = {
    "input_tokens": 200,
    "cache_read_input_tokens": 1000,
    "cache_creation_input_tokens": 600,
    "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 300,
    "output_tokens_details": {"thinking_tokens": 100},
    "service_tier": "standard",
}
# Gemini counts the cache inside the prompt, but thoughts beside the candidates.
GEMINI_USAGE = {
    "promptTokenCount": 1200,
    "cachedContentTokenCount": 1000,
    "candidatesTokenCount": 200,
    "thoughtsTokenCount": 100,
    "totalTokenCount": 1500,
}
DATED = {"gpt-5-mini": "gpt-5-mini-2025-08-07", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}
CREATED = 1_760_000_000

counts = collections.Counter()
counts_lock = threading.Lock()


def next_id(prefix, caller):
    with counts_lock:
        counts[prefix, caller] += 1
        return f"{prefix}{caller}_{counts[prefix, caller]}"


def chat(caller, body):
    """Returns the answer and, for a stream, the list of (event name, chunk)."""
    base = {
        "id": next_id("chatcmpl-", caller),
        "created": CREATED,
        "model": DATED.get(body["model"], body["model"]),
        "service_tier": "default",
    }
    message = {"role": "assistant", "content": ANSWER}
    whole = base | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": CHAT_USAGE,
    }
    chunk = base | {"object": "chat.completion.chunk"}
    stream = [
        (None, chunk | {"choices": [{"index": 0, "delta": message, "finish_reason": None}]}),
        (None, chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ]
    if (body.get("stream_options") or {}).get("include_usage"):
        stream.append((None, chunk | {"choices": [], "usage": CHAT_USAGE}))
    return whole, stream


def responses(caller, body):
    output = {
        "type": "message",
        "id": "item_1",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": ANSWER, "annotations": []}],
    }
    whole = {
        "id": next_id("resp_", caller),
        "object": "response",
        "created_at": CREATED,
        "completed_at": CREATED + 1,
        "status": "completed",
        "model": DATED.get(body["model"], body["model"]),
        "output": [output],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "service_tier": "default",
        "usage": RESPONSES_USAGE,
    }
    started = whole | {"status": "in_progress", "output": [], "usage": None}
    place = {"item_id": "item_1", "output_index": 0, "content_index": 0, "logprobs": []}
    events = [
        {"type": "response.created", "response": started},
        {"type": "response.output_text.delta", "delta": ANSWER} | place,
        {"type": "response.output_text.done", "text": ANSWER} | place,
        {"type": "response.completed", "response": whole},
    ]
    return whole, [(e["type"], e | {"sequence_number": n}) for n, e in enumerate(events)]


def embeddings(caller, body):
    data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2, 0.3]}]
    if body.get("encoding_format") == "base64":
        data[0]["embedding"] = "zczMPc3MTD6amZk+"
    return {"object": "list", "data": data, "model": body["model"], "usage": EMBEDDINGS_USAGE}, []


def messages(caller, body):
    whole = {
        "id": next_id("msg_", caller),
        "type": "message",
        "role": "assistant",
        "model": DATED.get(body["model"], body["model"]),
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": MESSAGES_USAGE,
    }
    started = whole | {"content": [], "stop_reason": None, "usage": MESSAGES_USAGE | {"output_tokens": 1}}
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    total = {k: v for k, v in MESSAGES_USAGE.items() if k not in ("cache_creation", "service_tier")}
    events = [
        {"type": "message_start", "message": started},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ANSWER}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": total},
        {"type": "message_stop"},
    ]
    return whole, [(e["type"], e) for e in events]


def generate_content(caller, body):
    candidate = {"content": {"role": "model", "parts": [{"text": ANSWER}]}, "finishReason": "STOP", "index": 0}
    head = {"modelVersion": body["model"], "responseId": next_id("gemini_", caller)}
    return head | {"candidates": [candidate], "usageMetadata": GEMINI_USAGE}, []


ROUTES = {"chat/completions": chat, "responses": responses, "embeddings": embeddings, "messages": messages}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        caller, _, route = self.path.split("?")[0].strip("/").partition("/")
        handler = ROUTES.get(route.removeprefix("v1/"))
        if gemini := re.fullmatch(r"v1beta/models/(.+):generateContent", route):
            handler, body = generate_content, body | {"model": gemini[1]}
        if handler is None or "fail" in body["model"]:
            return self.reply(429 if handler else 404, {"error": {"message": "no", "type": "rate_limit_error"}})
        whole, stream = handler(caller, body)
        if not body.get("stream"):
            return self.reply(200, whole)
        lines = [(f"event: {name}\n" if name else "") + f"data: {json.dumps(chunk)}\n\n" for name, chunk in stream]
        if handler is chat:
            lines.append("data: [DONE]\n\n")
        return self.send(200, "text/event-stream", "".join(lines).encode())

    def reply(self, status, value):
        self.send(status, "application/json", json.dumps(value).encode())

    def send(self, status, content_type, data):
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
