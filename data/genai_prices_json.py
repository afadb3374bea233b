"""Prints the price snapshot of the installed genai-prices package as JSON.

The package ships Python code only; `purser prices import --format genai-prices` reads this export.
Decimals become texts, so that no rate passes through a float. Times of day are UTC.

    python data/genai_prices_json.py --retrieved 2026-11-20 > genai-prices.json
"""

import argparse
import datetime
import json
import sys
from decimal import Decimal
from importlib.metadata import version

from genai_prices import types
from genai_prices.data import providers

CLAUSES = {
    types.ClauseEquals: "equals",
    types.ClauseStartsWith: "starts_with",
    types.ClauseEndsWith: "ends_with",
    types.ClauseContains: "contains",
    types.ClauseRegex: "regex",
}


def clause(match):
    if isinstance(match, types.ClauseOr):
        return {"or": [clause(part) for part in match.or_]}
    if isinstance(match, types.ClauseAnd):
        return {"and": [clause(part) for part in match.and_]}
    name = CLAUSES[type(match)]
    return {name: getattr(match, name)}


def amount(value):
    if isinstance(value, Decimal):
        return format(value, "f")
    steps = [{"start": step.start, "price": amount(step.price)} for step in value.tiers]
    return {"base": amount(value.base), "tiers": steps}


def rates(price):
    return {key: amount(value) for key, value in sorted(vars(price).items()) if value is not None}


def time_of_day(value):
    if value.tzinfo is not None:
        moment = datetime.datetime.combine(datetime.date(2000, 1, 1), value)
        value = moment.astimezone(datetime.timezone.utc).time()
    return value.strftime("%H:%M:%SZ")


def constraint(value):
    if value is None:
        return None
    if isinstance(value, types.StartDateConstraint):
        return {"start_date": value.start_date.isoformat()}
    return {"start_time": time_of_day(value.start_time), "end_time": time_of_day(value.end_time)}


def model(info):
    if isinstance(info.prices, list):
        prices = [{"constraint": constraint(price.constraint), "prices": rates(price.prices)} for price in info.prices]
    else:
        prices = rates(info.prices)
    variants = [
        {"when": variant.when, "constraint": constraint(variant.constraint), "prices": rates(variant.prices)}
        for variant in info.price_variants or []
    ]
    return {"id": info.id, "match": clause(info.match), "prices": prices, "price_variants": variants}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--retrieved", default=datetime.date.today().isoformat(), help="YYYY-MM-DD")
    arguments = parser.parse_args()
    export = {
        "catalogue": f"genai-prices {version('genai-prices')}",
        "retrieved": arguments.retrieved,
        "providers": [
            {"id": seller.id, "pricing_urls": seller.pricing_urls, "models": [model(info) for info in seller.models]}
            for seller in providers
        ],
    }
    json.dump(export, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
