"""Raw answers of providers, generated from leaves that are known, in the shapes of the providers' own SDKs.

Each kind draws leaves, writes them as its API does, and has the SDK's own type read the result, so that no field is
made up. What an answer means is what the provider's documentation says; the sources stand at the kinds.
"""

from dataclasses import dataclass, field

import botocore.session
from anthropic.types.beta import BetaUsage
from cohere.types.usage import Usage as CohereUsage
from google.genai.types import GenerateContentResponseUsageMetadata as GeminiUsage
from google.genai.types import UsageMetadata as LiveUsage
from groq.types import CompletionUsage as GroqUsage
from openai.types import CompletionUsage
from openai.types.audio.transcription import UsageDuration, UsageTokens
from openai.types.create_embedding_response import Usage as EmbeddingUsage
from openai.types.images_response import Usage as ImageUsage
from openai.types.realtime import RealtimeResponseUsage
from openai.types.responses import ResponseUsage

CONVERSE = botocore.session.get_session().get_service_model("bedrock-runtime").shape_for("TokenUsage")


@dataclass
class Answer:
    """An answer and what it means."""

    kind: str
    provider: str
    model: str
    data: dict
    leaves: dict = field(default_factory=dict)
    units: dict = field(default_factory=dict)
    genai: tuple | None = None  # genai-prices' provider and flavour
    litellm: str | None = None  # the way through LiteLLM


def some(rng, most, share=0.6):
    """A count up to `most`, or none."""
    return rng.randrange(1, most) if rng.random() < share else 0


def clean(leaves):
    return {name: count for name, count in leaves.items() if count}


def drop_none(value):
    if isinstance(value, dict):
        return {key: drop_none(inner) for key, inner in value.items() if inner is not None}
    return value


def checked(sdk_type, usage):
    """The usage, if the SDK's type reads every key of it."""
    read = sdk_type.model_validate(usage)
    extra = getattr(read, "model_extra", None)
    assert not extra, f"{sdk_type.__name__} does not know {extra}"
    return usage


def chat_usage(rng, text, cached, written, audio, out, reasoning, out_audio):
    """OpenAI: details are parts of the totals. Cached tokens of a chat are text."""
    prompt = text + cached + written + audio
    completion = out + reasoning + out_audio
    return drop_none({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": audio, "cache_write_tokens": written or None}
        if rng.random() < 0.9 or cached or audio or written else None,
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": out_audio,
                                      "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
        if rng.random() < 0.9 or reasoning or out_audio else None,
    })


def openai_chat(rng, provider="openai", model="gpt-5-mini", genai=("openai", "chat")):
    text, cached, written = rng.randrange(1, 90_000), some(rng, 90_000), some(rng, 9_000, 0.2)
    audio, out_audio = some(rng, 3_000, 0.2), some(rng, 3_000, 0.2)
    out, reasoning = rng.randrange(1, 5_000), some(rng, 9_000)
    usage = checked(CompletionUsage, chat_usage(rng, text, cached, written, audio, out, reasoning, out_audio))
    leaves = {"input": text, "cache_read": cached, "cache_write_5m": written, "input_audio": audio, "output": out,
              "reasoning": reasoning, "output_audio": out_audio}
    data = {"id": "chatcmpl-1", "object": "chat.completion", "model": model, "usage": usage}
    return Answer("openai chat", provider, model, data, leaves, genai=genai, litellm="chat")


def azure_chat(rng):
    answer = openai_chat(rng, "azure", "gpt-4o", ("azure", "chat"))
    answer.kind = "azure chat"
    return answer


def openai_responses(rng):
    text, cached, out, reasoning = rng.randrange(1, 90_000), some(rng, 90_000), rng.randrange(1, 5_000), some(rng, 9_000)
    short, long = some(rng, 9_000, 0.4), some(rng, 9_000, 0.2)
    split = long > 0 or rng.random() < 0.5
    usage = {
        "input_tokens": text + cached + short + long,
        "input_tokens_details": drop_none({
            "cached_tokens": cached, "cache_write_tokens": short + long,
            "cache_write_tokens_details": {"ttl_12h_tokens": long, "ttl_30m_tokens": short} if split else None}),
        "output_tokens": out + reasoning,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": text + cached + short + long + out + reasoning,
    }
    leaves = {"input": text, "cache_read": cached, "cache_write_5m": short, "cache_write_12h": long, "output": out,
              "reasoning": reasoning}
    data = {"id": "resp_1", "object": "response", "model": "gpt-6-luna", "usage": checked(ResponseUsage, usage)}
    return Answer("openai responses", "openai", "gpt-6-luna", data, leaves, genai=("openai", "responses"),
                  litellm="responses")


def openai_realtime(rng):
    """`RealtimeResponseUsage`: cached tokens are a subset of the input, by modality in `cached_tokens_details`."""
    fresh = {"text": rng.randrange(1, 3_000), "audio": some(rng, 9_000, 0.9), "image": some(rng, 2_000, 0.3)}
    cached = {"text": some(rng, 3_000), "audio": some(rng, 9_000), "image": some(rng, 2_000, 0.1)}
    out, out_audio = some(rng, 500, 0.9), some(rng, 3_000, 0.9)
    parts = {f"{name}_tokens": fresh[name] + cached[name] for name in fresh}
    total = sum(parts.values())
    usage = {
        "total_tokens": total + out + out_audio, "input_tokens": total, "output_tokens": out + out_audio,
        "input_token_details": {**parts, "cached_tokens": sum(cached.values()),
                                "cached_tokens_details": {f"{name}_tokens": n for name, n in cached.items()}},
        "output_token_details": {"text_tokens": out, "audio_tokens": out_audio},
    }
    leaves = {"input": fresh["text"], "input_audio": fresh["audio"], "input_image": fresh["image"],
              "cache_read": cached["text"], "cache_read_audio": cached["audio"], "cache_read_image": cached["image"],
              "output": out, "output_audio": out_audio}
    data = {"type": "response.done", "model": "gpt-realtime",
            "response": {"id": "resp_1", "object": "realtime.response", "usage": checked(RealtimeResponseUsage, usage)}}
    return Answer("openai realtime", "openai", "gpt-realtime", data, leaves, genai=("openai", "realtime"),
                  litellm="realtime")


def openai_images(rng):
    """The image endpoints of gpt-image write images only, with or without `output_tokens_details`."""
    text, image, out = rng.randrange(1, 900), some(rng, 900), rng.randrange(100, 9_000)
    usage = {"input_tokens": text + image, "output_tokens": out, "total_tokens": text + image + out,
             "input_tokens_details": {"text_tokens": text, "image_tokens": image}}
    if rng.random() < 0.5:
        usage["output_tokens_details"] = {"text_tokens": 0, "image_tokens": out}
    data = {"created": 1, "model": "gpt-image-1.5", "usage": checked(ImageUsage, usage)}
    leaves = {"input": text, "input_image": image, "output_image": out}
    return Answer("openai images", "openai", "gpt-image-1.5", data, leaves, genai=("openai", "images"),
                  litellm="responses")


def openai_transcription(rng):
    if rng.random() < 0.5:
        seconds = rng.randrange(1, 4_000)
        usage = checked(UsageDuration, {"type": "duration", "seconds": float(seconds)})
        data = {"model": "whisper-1", "text": "", "usage": usage}
        return Answer("openai transcription, seconds", "openai", "whisper-1", data, {}, {"audio_seconds": seconds},
                      genai=("openai", "live"))
    text, audio, out = some(rng, 300), rng.randrange(1, 9_000), rng.randrange(1, 900)
    usage = checked(UsageTokens, {
        "type": "tokens", "input_tokens": text + audio, "output_tokens": out, "total_tokens": text + audio + out,
        "input_token_details": {"text_tokens": text, "audio_tokens": audio}})
    data = {"model": "gpt-4o-transcribe", "text": "", "usage": usage}
    return Answer("openai transcription, tokens", "openai", "gpt-4o-transcribe", data,
                  {"input": text, "input_audio": audio, "output": out}, litellm="realtime")


def openai_embeddings(rng):
    text = rng.randrange(1, 9_000)
    usage = checked(EmbeddingUsage, {"prompt_tokens": text, "total_tokens": text})
    data = {"object": "list", "model": "text-embedding-3-small", "usage": usage}
    return Answer("openai embeddings", "openai", "text-embedding-3-small", data, {"input": text},
                  genai=("openai", "embeddings"), litellm="chat")


def anthropic(rng, kind="anthropic messages", provider="anthropic", genai=("anthropic", "default"),
              model="claude-opus-4-6"):
    """`input_tokens` leaves the cache out; thinking is part of `output_tokens`, its authoritative total."""
    text, read = some(rng, 20_000, 0.95), some(rng, 150_000)
    short, long = some(rng, 20_000, 0.5), some(rng, 20_000, 0.3)
    out, thinking, searches = rng.randrange(1, 5_000), some(rng, 9_000), some(rng, 5, 0.2)
    usage = drop_none({
        "input_tokens": text, "cache_read_input_tokens": read, "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
        if long or rng.random() < 0.7 else None,
        "output_tokens": out + thinking,
        "output_tokens_details": {"thinking_tokens": thinking} if thinking or rng.random() < 0.5 else None,
        "server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 1} if searches else None,
        "service_tier": "standard",
    })
    leaves = {"input": text, "cache_read": read, "cache_write_5m": short, "cache_write_1h": long, "output": out,
              "reasoning": thinking, "web_searches": searches}
    data = {"id": "msg_01A", "type": "message", "model": model, "usage": checked(BetaUsage, usage)}
    return Answer(kind, provider, model, data, leaves, genai=genai, litellm="anthropic")


def anthropic_bedrock(rng):
    return anthropic(rng, "anthropic on bedrock", "bedrock", ("aws", "anthropic"),
                     "us.anthropic.claude-sonnet-4-5-20250929-v1:0")


def anthropic_vertex(rng):
    return anthropic(rng, "anthropic on vertex", "vertex_ai", ("google", "anthropic"))


def anthropic_compaction(rng):
    """A compaction's tokens are not included in the top-level fields (docstring of `BetaUsage.iterations`)."""
    answer = anthropic(rng, "anthropic compaction")
    usage = answer.data["usage"]
    for name in ("output_tokens_details", "server_tool_use"):
        usage.pop(name, None)
    answer.leaves["output"] += answer.leaves.pop("reasoning")
    answer.leaves["web_searches"] = 0
    answer.leaves["cache_write_5m"] += answer.leaves.pop("cache_write_1h")
    usage.pop("cache_creation", None)
    counts = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    compaction = {"type": "compaction", "input_tokens": rng.randrange(1, 180_000), "output_tokens": rng.randrange(1, 4_000),
                  "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    usage["iterations"] = [compaction, {"type": "message", **{name: usage[name] for name in counts}}]
    answer.leaves["input"] += compaction["input_tokens"]
    answer.leaves["output"] += compaction["output_tokens"]
    checked(BetaUsage, usage)
    return answer


def gemini(rng):
    """Prompt counts contain the cached ones; thoughts and what tools read stand beside; the total has all."""
    names = ("TEXT", "AUDIO", "IMAGE", "VIDEO")
    fresh = dict(zip(names, (rng.randrange(1, 50_000), some(rng, 9_000, 0.3), some(rng, 3_000, 0.3),
                             some(rng, 20_000, 0.2)), strict=True))
    cached = {"TEXT": some(rng, 50_000), "AUDIO": some(rng, 9_000, 0.2), "IMAGE": some(rng, 900, 0.1)}
    out, out_image, thoughts, tool = rng.randrange(1, 3_000), some(rng, 2_000, 0.15), some(rng, 9_000), some(rng, 9_000, 0.2)
    parts = lambda counts: [{"modality": name, "tokenCount": n} for name, n in counts.items() if n]
    prompt = {name: fresh[name] + cached.get(name, 0) for name in names}
    usage = {
        "promptTokenCount": sum(prompt.values()), "promptTokensDetails": parts(prompt),
        "candidatesTokenCount": out + out_image,
        "totalTokenCount": sum(prompt.values()) + out + out_image + thoughts + tool,
    }
    if any(cached.values()):
        usage |= {"cachedContentTokenCount": sum(cached.values()), "cacheTokensDetails": parts(cached)}
    if out_image or rng.random() < 0.5:
        usage["candidatesTokensDetails"] = parts({"TEXT": out, "IMAGE": out_image})
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    if tool:
        usage |= {"toolUsePromptTokenCount": tool, "toolUsePromptTokensDetails": parts({"TEXT": tool})}
    leaves = {"input": fresh["TEXT"] + tool, "input_audio": fresh["AUDIO"], "input_image": fresh["IMAGE"],
              "input_video": fresh["VIDEO"], "cache_read": cached["TEXT"], "cache_read_audio": cached["AUDIO"],
              "cache_read_image": cached["IMAGE"], "output": out, "output_image": out_image, "reasoning": thoughts}
    data = {"modelVersion": "gemini-3-pro", "responseId": "g-1", "usageMetadata": checked(GeminiUsage, usage)}
    return Answer("gemini", "google", "gemini-3-pro", data, leaves, genai=("google", "default"), litellm="gemini")


def gemini_live(rng):
    text, audio, out = rng.randrange(1, 900), some(rng, 9_000, 0.9), rng.randrange(1, 9_000)
    usage = {"promptTokenCount": text + audio, "responseTokenCount": out, "totalTokenCount": text + audio + out,
             "promptTokensDetails": [{"modality": "TEXT", "tokenCount": text}, {"modality": "AUDIO", "tokenCount": audio}],
             "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": out}]}
    data = {"modelVersion": "gemini-live-2.5-flash", "usageMetadata": checked(LiveUsage, usage)}
    return Answer("gemini live", "google", "gemini-live-2.5-flash", data,
                  {"input": text, "input_audio": audio, "output_audio": out}, litellm="gemini")


def converse(rng):
    """`inputTokens` leaves the cache out; botocore: `cacheDetails` splits the writes by time to live."""
    text, read, short, long = rng.randrange(1, 9_000), some(rng, 90_000), some(rng, 9_000, 0.4), some(rng, 9_000, 0.2)
    out = rng.randrange(1, 5_000)
    usage = {"inputTokens": text, "outputTokens": out, "totalTokens": text + read + short + long + out,
             "cacheReadInputTokens": read, "cacheWriteInputTokens": short + long}
    if long or rng.random() < 0.5:
        usage["cacheDetails"] = [{"ttl": ttl, "inputTokens": n} for ttl, n in (("1h", long), ("5m", short)) if n]
    if rng.random() < 0.3:
        usage["totalTokens"] = text + out
    assert set(usage) <= set(CONVERSE.members)
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    data = {"model": model, "usage": usage, "metrics": {"latencyMs": 9}, "stopReason": "end_turn"}
    leaves = {"input": text, "cache_read": read, "cache_write_5m": short, "cache_write_1h": long, "output": out}
    return Answer("bedrock converse", "bedrock", model, data, leaves, genai=("aws", "default"), litellm="converse")


def deepseek(rng):
    """`prompt_tokens` = hit + miss (api-docs.deepseek.com, KV cache)."""
    hit, miss, out, reasoning = some(rng, 90_000), rng.randrange(1, 20_000), rng.randrange(1, 3_000), some(rng, 9_000)
    usage = {"prompt_tokens": hit + miss, "completion_tokens": out + reasoning, "prompt_cache_hit_tokens": hit,
             "prompt_cache_miss_tokens": miss, "total_tokens": hit + miss + out + reasoning,
             "completion_tokens_details": {"reasoning_tokens": reasoning}}
    if rng.random() < 0.5:
        usage["prompt_tokens_details"] = {"cached_tokens": hit}
    data = {"id": "1", "object": "chat.completion", "model": "deepseek-v4-flash", "usage": usage}
    leaves = {"input": miss, "cache_read": hit, "output": out, "reasoning": reasoning}
    return Answer("deepseek", "deepseek", "deepseek-v4-flash", data, leaves, genai=("deepseek", "chat"), litellm="chat")


def xai_chat(rng):
    """Reasoning stands beside `completion_tokens`, and the total has both (xai-sdk, chat.py)."""
    text, cached, out, reasoning = rng.randrange(1, 90_000), some(rng, 90_000), rng.randrange(1, 5_000), some(rng, 9_000)
    prompt = text + cached
    usage = {"prompt_tokens": prompt, "completion_tokens": out, "total_tokens": prompt + out + reasoning,
             "prompt_tokens_details": {"text_tokens": prompt, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": cached},
             "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
             "num_sources_used": 0}
    leaves = {"input": text, "cache_read": cached, "output": out, "reasoning": reasoning}
    data = {"id": "1", "object": "chat.completion", "model": "grok-4.5", "usage": usage}
    return Answer("xai chat", "xai", "grok-4.5", data, leaves, genai=("x-ai", "chat"), litellm="xai")


def xai_responses(rng):
    text, cached, out, reasoning = rng.randrange(1, 90_000), some(rng, 90_000), rng.randrange(1, 5_000), some(rng, 9_000)
    usage = {"input_tokens": text + cached, "input_tokens_details": {"cached_tokens": cached},
             "output_tokens": out + reasoning, "output_tokens_details": {"reasoning_tokens": reasoning},
             "total_tokens": text + cached + out + reasoning, "num_sources_used": 0}
    leaves = {"input": text, "cache_read": cached, "output": out, "reasoning": reasoning}
    data = {"id": "1", "object": "response", "model": "grok-4.5", "usage": usage}
    return Answer("xai responses", "xai", "grok-4.5", data, leaves, genai=("x-ai", "responses"), litellm="responses")


def mistral(rng):
    text, cached, out = rng.randrange(1, 90_000), some(rng, 9_000), rng.randrange(1, 5_000)
    usage = {"prompt_tokens": text + cached, "completion_tokens": out, "total_tokens": text + cached + out}
    if cached:
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    data = {"id": "1", "object": "chat.completion", "model": "mistral-large-latest", "usage": usage}
    return Answer("mistral", "mistral", "mistral-large-latest", data,
                  {"input": text, "cache_read": cached, "output": out}, genai=("mistral", "default"), litellm="chat")


def mistral_ocr(rng):
    pages = rng.randrange(1, 900)
    data = {"model": "mistral-ocr-latest", "usage_info": {"pages_processed": pages, "doc_size_bytes": 9_000}}
    return Answer("mistral ocr", "mistral", "mistral-ocr-latest", data, {}, {"pages": pages}, genai=("mistral", "ocr"))


def cohere(rng):
    """Billed units are what is billed; `tokens` count the preamble too (docs.cohere.com, chat v2)."""
    text, out = rng.randrange(1, 9_000), rng.randrange(1, 3_000)
    usage = {"billed_units": {"input_tokens": float(text), "output_tokens": float(out)},
             "tokens": {"input_tokens": float(text + 496), "output_tokens": float(out + 2)}}
    CohereUsage.model_validate(usage)
    data = {"id": "1", "model": "command-a-03-2025", "usage": usage}
    return Answer("cohere", "cohere", "command-a-03-2025", data, {"input": text, "output": out},
                  genai=("cohere", "default"), litellm="cohere")


def cohere_rerank(rng):
    units = rng.randrange(1, 9)
    data = {"id": "1", "model": "rerank-v3.5", "meta": {"billed_units": {"search_units": float(units)}}}
    return Answer("cohere rerank", "cohere", "rerank-v3.5", data, {}, {"queries": units})


def groq(rng):
    text, cached, out, reasoning = rng.randrange(1, 90_000), some(rng, 9_000), rng.randrange(1, 5_000), some(rng, 900)
    usage = checked(GroqUsage, {
        "queue_time": 0.1, "prompt_time": 0.01, "completion_time": 0.5, "total_time": 0.51,
        "prompt_tokens": text + cached, "completion_tokens": out + reasoning,
        "total_tokens": text + cached + out + reasoning, "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning}})
    data = {"id": "chatcmpl-1", "object": "chat.completion", "model": "openai/gpt-oss-120b", "usage": usage}
    leaves = {"input": text, "cache_read": cached, "output": out, "reasoning": reasoning}
    return Answer("groq", "groq", "openai/gpt-oss-120b", data, leaves, genai=("groq", "default"), litellm="chat")


def perplexity(rng):
    """Deep research: reasoning and citations stand beside, and not in the total (docs.perplexity.ai)."""
    text, out, reasoning = rng.randrange(1, 900), rng.randrange(1, 9_000), some(rng, 99_000)
    citations, searches = some(rng, 30_000), rng.randrange(1, 80)
    usage = {"prompt_tokens": text, "completion_tokens": out, "total_tokens": text + out, "citation_tokens": citations,
             "num_search_queries": searches, "reasoning_tokens": reasoning}
    data = {"id": "1", "object": "chat.completion", "model": "sonar-deep-research", "usage": usage}
    leaves = {"input": text, "output": out, "reasoning": reasoning, "web_searches": searches}
    return Answer("perplexity", "perplexity", "sonar-deep-research", data, leaves, {"citation_tokens": citations},
                  genai=("perplexity", "default"), litellm="perplexity")


def openrouter(rng):
    answer = openai_chat(rng, "openrouter", "anthropic/claude-sonnet-4.5", ("openrouter", "chat"))
    answer.kind = "openrouter"
    answer.data["usage"] |= {"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}
    return answer


def moonshot(rng):
    text, cached, out = rng.randrange(1, 90_000), some(rng, 90_000), rng.randrange(1, 5_000)
    usage = {"prompt_tokens": text + cached, "completion_tokens": out, "total_tokens": text + cached + out,
             "cached_tokens": cached, "prompt_tokens_details": {"cached_tokens": cached}}
    data = {"id": "1", "object": "chat.completion", "model": "kimi-k2.5", "usage": usage}
    return Answer("moonshot", "moonshot", "kimi-k2.5", data, {"input": text, "cache_read": cached, "output": out},
                  genai=("moonshotai", "chat"), litellm="chat")


KINDS = [openai_chat, azure_chat, openai_responses, openai_realtime, openai_images, openai_transcription,
         openai_embeddings, anthropic, anthropic_bedrock, anthropic_vertex, anthropic_compaction, gemini, gemini_live,
         converse, deepseek, xai_chat, xai_responses, mistral, mistral_ocr, cohere, cohere_rerank, groq, perplexity,
         openrouter, moonshot]


def generate(rng, count):
    """`count` answers, of every kind in turn."""
    for index in range(count):
        answer = KINDS[index % len(KINDS)](rng)
        answer.leaves, answer.units = clean(answer.leaves), clean(answer.units)
        yield answer
