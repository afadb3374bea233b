"""Compares how purser decodes providers' answers with genai-prices' extractors and LiteLLM's transformations.

Answers are generated from known leaves (`answer.py`). purser must find exactly those, both in the raw answer and in
LiteLLM's record of it where LiteLLM's own numbers are right. Where an oracle differs, the kind of difference must be
listed in `differences.md` with the reason; a kind that is not listed fails, and so does a listed one that no longer occurs.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import warnings
from collections import Counter

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"
warnings.filterwarnings("ignore")

import answer
from genai_prices.data import providers as genai_providers
from litellm.litellm_core_utils.llm_cost_calc.utils import (
    get_web_search_requests_from_usage,
    parse_completion_tokens_details,
    parse_prompt_tokens_details,
)
from litellm.llms.anthropic.chat.transformation import AnthropicConfig
from litellm.llms.bedrock.chat.converse_transformation import AmazonConverseConfig
from litellm.llms.perplexity.chat.transformation import PerplexityChatConfig
from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
from litellm.llms.xai.chat.transformation import XAIChatConfig
from litellm.responses.utils import ResponseAPILoggingUtils
from litellm.types.utils import ModelResponse, Usage

ROOT = pathlib.Path(__file__).resolve().parents[2]



def listed():
    """The differences of `differences.md`: oracle, kind of answer, what differs, and who is right and why."""
    lines = (pathlib.Path(__file__).parent / "differences.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {f"{oracle}: {kind}: {name}" for oracle, kind, names, _ in rows[1:] for name in names.split(", ")}


KNOWN = listed()


def without_zeros(counts):
    return {name: count for name, count in counts.items() if count}


def of_genai(case):
    """The leaves in genai-prices' usage: its totals without their parts."""
    provider, flavor = case.genai
    seller = next(seller for seller in genai_providers if seller.id == provider)
    _, usage = seller.extract_usage({"model": case.model, **case.data}, api_flavor=flavor)
    value = lambda name: usage.reported_value(name) or 0
    audio_read, image_read = value("cache_audio_read_tokens"), value("cache_image_read_tokens")
    audio, image = value("input_audio_tokens") - audio_read, value("input_image_tokens") - image_read
    video, long = value("input_video_tokens") - value("cache_video_read_tokens"), value("cache_write_1h_tokens")
    reasoning, citations = value("output_reasoning_tokens"), value("output_citation_tokens")
    out_audio, out_image = value("output_audio_tokens"), value("output_image_tokens")
    return without_zeros({
        "input": value("input_tokens") - value("cache_read_tokens") - value("cache_write_tokens") - audio - image - video,
        "cache_read": value("cache_read_tokens") - audio_read - image_read,
        "cache_write_5m": value("cache_write_tokens") - long,
        "cache_write_1h": long,
        "input_audio": audio, "input_image": image, "input_video": video,
        "cache_read_audio": audio_read, "cache_read_image": image_read,
        "output": value("output_tokens") - reasoning - out_audio - out_image - citations,
        "reasoning": reasoning, "output_audio": out_audio, "output_image": out_image,
        "web_searches": value("web_searches"),
        "citation_tokens": citations, "audio_seconds": value("audio_seconds"), "pages": value("input_document_pages"),
    })


def litellm_usage(case):
    """LiteLLM's own usage object of the answer."""
    usage = case.data.get("usage") or case.data.get("response", {}).get("usage")
    match case.litellm:
        case "chat":
            return Usage(**usage)
        case "responses" | "realtime":
            return ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(usage)
        case "anthropic":
            return AnthropicConfig().calculate_usage(usage, None)
        case "gemini":
            return VertexGeminiConfig.calculate_usage(case.data)
        case "converse":
            return AmazonConverseConfig().transform_usage(usage)
        case "xai":
            folded = Usage(**usage)
            XAIChatConfig.fold_reasoning_tokens_into_completion(folded)
            return folded
        case "perplexity":
            response = ModelResponse(usage=Usage(**usage))
            PerplexityChatConfig()._enhance_usage_with_perplexity_fields(response, case.data)
            return response.usage
        case "cohere":
            tokens = usage["tokens"]
            both = int(tokens["input_tokens"]), int(tokens["output_tokens"])
            return Usage(prompt_tokens=both[0], completion_tokens=both[1], total_tokens=sum(both))
    raise ValueError(case.litellm)


def of_litellm(usage):
    """The leaves that LiteLLM's calculator takes out of its usage object."""
    prompt, completion = parse_prompt_tokens_details(usage), parse_completion_tokens_details(usage)
    details = prompt["cache_creation_token_details"]
    part = lambda name: getattr(details, name, None) or 0
    long, longest = part("ephemeral_1h_input_tokens"), part("ephemeral_12h_input_tokens")
    audio, image, video = prompt["audio_tokens"], prompt["image_tokens"], prompt["video_tokens"]
    cached_image = getattr(getattr(usage.prompt_tokens_details, "cached_tokens_details", None), "image_tokens", None) or 0
    read, written = prompt["cache_hit_tokens"], prompt["cache_creation_tokens"]
    others = completion["audio_tokens"] + completion["image_tokens"] + completion["video_tokens"]
    return without_zeros({
        "input": usage.prompt_tokens - read - written - audio - image - video,
        "cache_read": read - prompt["cache_hit_audio_tokens"] - cached_image,
        "cache_read_audio": prompt["cache_hit_audio_tokens"], "cache_read_image": cached_image,
        "cache_write_5m": written - long - longest, "cache_write_1h": long, "cache_write_12h": longest,
        "input_audio": audio, "input_image": image, "input_video": video,
        "output": usage.completion_tokens - completion["reasoning_tokens"] - others,
        "reasoning": completion["reasoning_tokens"],
        "output_audio": completion["audio_tokens"], "output_image": completion["image_tokens"],
        "web_searches": get_web_search_requests_from_usage(usage)
        or getattr(usage.prompt_tokens_details, "web_search_requests", None) or 0,
        "citation_tokens": getattr(usage, "citation_tokens", 0) or 0,
    })


def record(case, usage):
    """LiteLLM's StandardLoggingPayload of the call."""
    call_type = "aimage_generation" if case.kind == "openai images" else "acompletion"
    return {"litellm": {
        "id": "r-1", "call_type": call_type, "status": "success", "custom_llm_provider": case.provider,
        "model": case.model, "startTime": 1_795_000_000.0, "endTime": 1_795_000_001.0,
        "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens, "metadata": {"usage_object": usage.model_dump()}}}


def purser(cases):
    program = ["cargo", "run", "--quiet", "-p", "purser-ingest", "--example", "decode_cases"]
    command = [os.environ["DECODE_CASES"]] if "DECODE_CASES" in os.environ else program
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def found(outcome):
    """Everything that purser charges, or why it does not."""
    faults = {name: outcome[name] for name in ("contradiction", "refused", "unknown") if outcome.get(name)}
    return faults or {**outcome["leaves"], **outcome["units"]}


def differing(theirs, truth):
    return sorted(name for name in theirs.keys() | truth.keys() if theirs.get(name) != truth.get(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--show", type=int, default=10, help="failures to print")
    arguments = parser.parse_args()
    cases = list(answer.generate(random.Random(arguments.seed), arguments.count))
    outcomes = purser([{"provider": case.provider, "model": case.model, **case.data} for case in cases])
    compared, failures, seen, records = Counter(), [], Counter(), []

    def compare(oracle, case, theirs, truth):
        compared[oracle] += 1
        wrong = differing(theirs, truth)
        if not wrong:
            return True
        kinds = [f"{oracle}: {case.kind}: {name}" for name in wrong]
        if oracle == "purser" or any(kind not in KNOWN for kind in kinds):
            failures.append((oracle, case, wrong, theirs, truth))
        seen.update(kinds)
        return False

    for case, outcome in zip(cases, outcomes, strict=True):
        truth = {**case.leaves, **case.units}
        compare("purser", case, found(outcome), truth)
        if case.genai:
            compare("genai-prices", case, of_genai(case), truth)
        if case.litellm:
            usage = litellm_usage(case)
            compare("litellm", case, of_litellm(usage), truth)
            records.append((case, usage, truth))
    for (case, _, truth), outcome in zip(records, purser([record(c, u) for c, u, _ in records]), strict=True):
        compare("purser of litellm's record", case, found(outcome), truth)
    for oracle, case, wrong, theirs, truth in failures[: arguments.show]:
        print(f"{oracle} differs in {wrong} of {case.kind}: {json.dumps(case.data)}\n  found {theirs}\n  truth {truth}")
    print(f"{len(cases)} answers of {len({case.kind for case in cases})} kinds; compared {dict(compared)}; "
          f"{sum(seen.values())} listed or failed differences in {len(seen)} kinds; {len(failures)} failures")
    print(Counter((oracle, case.kind, *wrong) for oracle, case, wrong, *_ in failures))
    gone = sorted(KNOWN - seen.keys())
    if gone:
        print(f"listed and no longer there: {gone}")
    sys.exit(1 if failures or gone else 0)


if __name__ == "__main__":
    main()
