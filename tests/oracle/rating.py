"""Compares purser's rating with litellm.cost_per_token and genai_prices.calc_price on generated usages.

Four groups of cases, all seeded:
  agree    models that both catalogues price; only usages on which both calculators agree count,
           and purser must equal both
  genai    models whose shipped price came from genai-prices, at any date: purser must equal it
  litellm  models whose shipped price came from litellm: purser must equal it
  filled   leaves that purser fills from litellm in a price of genai-prices: purser must equal litellm

purser rounds each leaf half-even to 10^-12 USD, so it may differ from an exact decimal by half of that
per leaf, and from litellm's floats by one part in 10^9 more.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import warnings
from collections import Counter
from decimal import Decimal

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"
warnings.filterwarnings("ignore")

import genai_prices
import litellm
from genai_prices.data import providers as genai_providers
from litellm.types.utils import (
    CacheCreationTokenDetails,
    CompletionTokensDetailsWrapper,
    PromptTokensDetailsWrapper,
)

litellm.suppress_debug_info = True

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRICES = ROOT / "data" / "prices.jsonl"

# purser's provider -> genai-prices' id, litellm's name
GENAI = {"aws.bedrock": "aws", "azure.ai.openai": "azure", "gcp.gemini": "google", "gcp.vertex_ai": "google",
         "github_copilot": "github-copilot", "mistral_ai": "mistral", "moonshot_ai": "moonshotai", "voyage": "voyageai",
         "x_ai": "x-ai"}
LITELLM = {"aws.bedrock": "bedrock", "azure.ai.inference": "azure_ai", "azure.ai.openai": "azure",
           "fireworks": "fireworks_ai", "gcp.gemini": "gemini", "gcp.vertex_ai": "vertex_ai",
           "ibm.watsonx.ai": "watsonx", "mistral_ai": "mistral", "moonshot_ai": "moonshot", "together": "together_ai",
           "x_ai": "xai"}

# Calculators of litellm that do more than multiply its catalogue's rates; what they add is no unit price.
LITELLM_EXTRA = {
    "azure_ai": "adds a router fee",
    "fireworks_ai": "assumes a cache discount that the catalogue does not have",
    "perplexity": "adds search fees by the model's name",
}

# The fields of litellm's catalogue for leaves that may have a rate of a tier.
LITELLM_FIELDS = {"cache_read": "cache_read_input_token_cost", "cache_write_5m": "cache_creation_input_token_cost",
                  "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
                  "input_audio": "input_cost_per_audio_token", "output": "output_cost_per_token"}

# Calculators of genai-prices that charge what the usage does not name.
GENAI_EXTRA = {
    "perplexity": "adds the request fee of the largest search context to every call",
}

INPUTS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "input_image")
OUTPUTS = ("output", "reasoning", "output_audio", "output_image")


def load_prices():
    with PRICES.open() as lines:
        header = json.loads(next(lines))
        prices = [json.loads(line) for line in lines]
    for price in prices:
        price["catalogue"] = header["sources"][price["source"]]["catalogue"].split()[0]
    retrieved = max(source["retrieved"] for source in header["sources"].values())
    return prices, f"{retrieved}T12:00:00Z"


def by_name(prices):
    """The rows of each provider's name: all dates and windows of its price."""
    rows = {}
    for price in prices:
        for name in (price["model"], *price.get("aliases", [])):
            rows.setdefault((price["provider"], name), []).append(price)
    return rows


def filled(rows):
    """Leaves that a row rates by another source than its own; the row's catalogue has no rate for them."""
    return {leaf for row in rows for tier in row["tiers"].values() for leaf in sources(tier)}


def sources(tier):
    """The source of each leaf of a tier that has one of its own."""
    return {field.removeprefix("source."): key for field, key in tier.items() if field.startswith("source.")}


def moment(rng, rows, now):
    """A moment since 2024 at which the rows have a price.

    A window of certain weekdays has no dates in its catalogue, which would apply it to every day: such rows are
    asked on a weekday, after the last change of the price.
    """
    weekly = any("weekdays" in row.get("daily", {}) for row in rows)
    starts = [datetime.datetime.fromisoformat(row.get("effective_from") or "2024-01-01T00:00:00Z") for row in rows]
    start = max(starts) if weekly else max(min(starts), datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
    seconds = int((datetime.datetime.fromisoformat(now) - start).total_seconds())
    while True:
        at = start + datetime.timedelta(seconds=rng.randrange(seconds))
        if not weekly or at.weekday() < 5:
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def usage(rng, rates, without):
    """A plausible usage: mostly text with caches, and the modalities that the price knows, without some leaves."""
    size = rng.choice([50, 2_000, 30_000, 150_000, 300_000, 900_000])
    leaves = {"input": rng.randrange(1, size), "output": rng.randrange(1, 20_000)}
    for leaf in ("cache_read", "cache_write_5m", "cache_write_1h"):
        if leaf in rates and rng.random() < 0.5:
            leaves[leaf] = rng.randrange(1, size)
    if rng.random() < 0.4:
        leaves["reasoning"] = rng.randrange(1, 10_000)
    for leaf in ("input_audio", "input_image", "output_audio", "output_image"):
        if leaf in rates and rng.random() < 0.3:
            leaves[leaf] = rng.randrange(1, 5_000)
    leaves = {leaf: quantity for leaf, quantity in leaves.items() if leaf not in without}
    if "output" not in rates.keys() - without:
        leaves = {leaf: quantity for leaf, quantity in leaves.items() if leaf not in OUTPUTS}
    return leaves


def genai_cost(case):
    leaves = Counter(case["usage"])
    total_input = sum(leaves[leaf] for leaf in INPUTS)
    values = {
        "input_tokens": total_input,
        "cache_read_tokens": leaves["cache_read"],
        "cache_write_tokens": leaves["cache_write_5m"] + leaves["cache_write_1h"],
        "cache_write_5m_tokens": leaves["cache_write_5m"],
        "cache_write_1h_tokens": leaves["cache_write_1h"],
        "input_audio_tokens": leaves["input_audio"],
        "input_image_tokens": leaves["input_image"],
        "output_tokens": sum(leaves[leaf] for leaf in OUTPUTS),
        "output_reasoning_tokens": leaves["reasoning"],
        "output_audio_tokens": leaves["output_audio"],
        "output_image_tokens": leaves["output_image"],
        "web_searches": leaves["web_searches"],
        # Units that overlap two reported ones must be said to be none.
        "cache_audio_read_tokens": leaves["cache_read_audio"],
        "cache_image_read_tokens": leaves["cache_read_image"],
        "cache_audio_write_tokens": 0,
        "cache_image_write_tokens": 0,
        "output_audio_reasoning_tokens": 0,
        "output_image_reasoning_tokens": 0,
    }
    tier = case["service_tier"]
    context = {"processing": "batch"} if tier == "batch" else {"service_tier": tier, "speed": tier} if tier else None
    provider = GENAI.get(case["provider"], case["provider"])
    try:
        return genai_prices.calc_price(
            genai_prices.Usage(**values),
            model_ref=case["model"],
            provider_id=provider,
            genai_request_timestamp=datetime.datetime.fromisoformat(case["at"]),
            price_context=context,
        ).total_price
    except LookupError:
        return None


def litellm_key(provider, model):
    name = LITELLM.get(provider, provider)
    for key in (f"{name}/{model}", model):
        entry = litellm.model_cost.get(key)
        if entry and (entry.get("litellm_provider") or "").replace("_converse", "").startswith(name):
            return name, key
    return None


def litellm_cost(case):
    found = litellm_key(case["provider"], case["model"])
    if found is None or "web_searches" in case["usage"]:
        return None
    name, key = found
    leaves = Counter(case["usage"])
    written = leaves["cache_write_5m"] + leaves["cache_write_1h"]
    total_output = sum(leaves[leaf] for leaf in OUTPUTS)
    total_input = sum(leaves[leaf] for leaf in INPUTS)
    # xAI does not count reasoning as completion tokens, and litellm's calculator of single calls expects it so.
    apart = name == "xai" and case["service_tier"] != "batch"
    reported_output = total_output - leaves["reasoning"] if apart else total_output
    block = litellm.Usage(
        prompt_tokens=total_input,
        completion_tokens=reported_output,
        total_tokens=total_input + total_output,
        prompt_tokens_details=PromptTokensDetailsWrapper(
            cached_tokens=leaves["cache_read"],
            cache_creation_tokens=written,
            cache_creation_token_details=CacheCreationTokenDetails(
                ephemeral_5m_input_tokens=leaves["cache_write_5m"], ephemeral_1h_input_tokens=leaves["cache_write_1h"]
            ),
            audio_tokens=leaves["input_audio"],
            image_tokens=leaves["input_image"],
        ),
        completion_tokens_details=CompletionTokensDetailsWrapper(
            reasoning_tokens=leaves["reasoning"],
            audio_tokens=leaves["output_audio"],
            image_tokens=leaves["output_image"],
            text_tokens=leaves["output"],
        ),
    )
    tier = case["service_tier"]
    call = {"call_type": "aretrieve_batch"} if tier == "batch" else {"service_tier": tier}
    try:
        costs = litellm.cost_per_token(model=key, custom_llm_provider=name, usage_object=block, **call)
    except Exception as error:  # litellm raises whatever its provider modules raise
        return f"{type(error).__name__}"
    # Zero means "not priced" as often as "free".
    return Decimal(repr(sum(costs))) or None


def close(ours, theirs, relative):
    leaves = 16
    return abs(ours - theirs) <= Decimal("0.5e-12") * leaves + abs(theirs) * Decimal(relative)


def tier_field(field, tier):
    return f"{field}_{'batches' if tier == 'batch' else tier}"


def has_tier(case):
    """Whether litellm's entry has rates of the tier at all; else it charges the standard ones."""
    found = litellm_key(case["provider"], case["model"])
    if found is not None and case["service_tier"] is None:
        return True
    field = tier_field("input_cost_per_token", case["service_tier"])
    return found is not None and litellm.model_cost[found[1]].get(field) is not None


def lacking(provider, model, tier):
    """Leaves without a rate of the tier, or with zero, in litellm's entry: its calculator charges standard ones."""
    found = litellm_key(provider, model)
    if found is None or tier == "standard":
        return set()
    entry = litellm.model_cost[found[1]]
    fields = LITELLM_FIELDS.items()
    return {leaf for leaf, field in fields if entry.get(field) and not entry.get(tier_field(field, tier))}


def is_one_model(case, price):
    """Whether litellm, too, has the name at the model's standard rates, and bills reasoning like the provider."""
    entry = litellm.model_cost[litellm_key(case["provider"], case["model"])[1]]
    if any("_above_" in field for field in entry) and "output_cost_per_reasoning_token" in entry:
        # litellm charges reasoning at the rate of small calls, whatever the call's size.
        case["usage"].pop("reasoning", None)
    if price["catalogue"] == "litellm":
        return True
    standard = {**case, "service_tier": None}
    theirs, ours = litellm_cost(standard), genai_cost(standard)
    return isinstance(theirs, Decimal) and ours is not None and close(ours, theirs, "1e-9")


def draw_filled(rng, prices, now):
    """A usage of text and of leaves that the price fills from litellm; None if the draw is of no use."""
    price = rng.choice(prices)
    tier = price["tiers"]["standard"]
    leaves = [leaf for leaf, key in sources(tier).items() if leaf in LITELLM_FIELDS and key.split(":")[0] == "l"]
    if not leaves or price.get("effective_to") or LITELLM.get(price["provider"], price["provider"]) in LITELLM_EXTRA:
        return None
    # The rates may stand in the entry of one of the model's names only.
    entries = {name: litellm_key(price["provider"], name) for name in (price["model"], *price.get("aliases", []))}
    fields = {LITELLM_FIELDS[leaf] for leaf in leaves}
    listed = [name for name, found in entries.items() if found and fields <= litellm.model_cost[found[1]].keys()]
    if not listed:
        return None
    return {
        "group": "filled",
        "provider": price["provider"],
        "model": rng.choice(listed),
        "at": now,
        "service_tier": None,
        "usage": {leaf: rng.randrange(1, 90_000) for leaf in ("input", *leaves)},
    }


def draw(rng, group, prices, names, now):
    """A case of a group without its answers; None if the draw is of no use."""
    price = rng.choice(prices)
    tier = rng.choice([tier for tier in price["tiers"] if ">" not in tier])
    from_litellm = price["catalogue"] == "litellm" or "source" in price["tiers"][tier]
    if from_litellm != (group == "litellm") or (group != "genai" and price.get("effective_to")):
        return None
    if group == "genai" and price["provider"] in GENAI_EXTRA:
        return None
    name = rng.choice([price["model"], *price.get("aliases", [])])
    rows = names[price["provider"], name]
    without = filled(rows)
    if group == "litellm":
        without |= lacking(price["provider"], name, tier)
    # A tier's own start is not in the file once another catalogue knows the tier as undated.
    dated = group == "genai" and tier == "standard"
    case = {
        "group": group,
        "provider": price["provider"],
        "model": name,
        "at": moment(rng, rows, now) if dated else now,
        "service_tier": None if tier == "standard" else tier,
        "usage": usage(rng, price["tiers"][tier], without),
    }
    if group == "genai" and "web_searches" in price["tiers"][tier].keys() - without and rng.random() < 0.3:
        case["usage"]["web_searches"] = rng.randrange(1, 5)
    if group == "litellm":
        extra = LITELLM.get(price["provider"], price["provider"]) in LITELLM_EXTRA
        return None if extra or not has_tier(case) or not is_one_model(case, price) else case
    return case


def generate(rng, count, prices, now):
    """Yields cases with what each calculator says."""
    text = [price for price in prices if "input" in price["tiers"].get("standard", {})]
    names = by_name(prices)
    wanted = {"agree": count, "genai": count, "litellm": count // 2, "filled": count // 10}
    found = Counter()
    for _ in range(count * 100):
        group = min(wanted, key=lambda name: found[name] / wanted[name])
        if found[group] >= wanted[group]:
            return
        case = draw_filled(rng, text, now) if group == "filled" else draw(rng, group, text, names, now)
        if case is None:
            continue
        case["genai"] = genai_cost(case) if group in ("agree", "genai") else None
        case["litellm"] = litellm_cost(case) if group != "genai" else None
        if group == "agree":
            both = isinstance(case["genai"], Decimal) and isinstance(case["litellm"], Decimal)
            if not both or not has_tier(case) or not close(case["genai"], case["litellm"], "1e-9"):
                continue
        elif not isinstance(case["genai" if group == "genai" else "litellm"], Decimal):
            continue
        found[group] += 1
        yield case


def rate(cases):
    command = ["cargo", "run", "--quiet", "-p", "purser-engine", "--example", "rate_cases", "--", str(PRICES)]
    fields = ("provider", "model", "at", "service_tier", "usage")
    lines = "".join(json.dumps({field: case[field] for field in fields}) + "\n" for case in cases)
    done = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--count", type=int, default=2_500, help="cases on which the catalogues agree")
    parser.add_argument("--show", type=int, default=20, help="mismatches to print")
    arguments = parser.parse_args()
    assert {seller.id for seller in genai_providers} >= set(GENAI.values())
    cases = list(generate(random.Random(arguments.seed), arguments.count, *load_prices()))
    outcomes = rate(cases)
    counted, models, mismatches, unpriced = Counter(), set(), [], Counter()
    for case, outcome in zip(cases, outcomes, strict=True):
        counted[case["group"]] += 1
        models.add((case["provider"], case["model"]))
        if outcome["matched"] == "no_rate_for_leaf" and "web_searches" in case["usage"]:
            # genai-prices charges nothing for what had no rate at that date; purser does not guess.
            unpriced[case["group"]] += 1
            continue
        ours = None if outcome["cost"] is None else Decimal(outcome["cost"])
        for name, relative in (("genai", "1e-11"), ("litellm", "1e-9")):
            if case[name] is not None and (ours is None or not close(ours, case[name], relative)):
                mismatches.append((case, outcome, name))
    for case, outcome, name in mismatches[: arguments.show]:
        shown = {key: str(value) if isinstance(value, Decimal) else value for key, value in case.items()}
        print(f"MISMATCH with {name}: {json.dumps(shown)} -> {json.dumps(outcome)}")
    print(f"{dict(counted)} cases over {len(models)} names, {dict(unpriced)} unpriced, {len(mismatches)} mismatches")
    if unpriced.total() > len(cases) // 100:
        sys.exit("too many cases are unpriced to prove anything")
    if mismatches:
        print(Counter((case["group"], name, case["provider"]) for case, _, name in mismatches))
        sys.exit(1)
    if counted["agree"] < min(arguments.count, 2_000):
        sys.exit(f"only {counted['agree']} usages on which the catalogues agree")


if __name__ == "__main__":
    main()
