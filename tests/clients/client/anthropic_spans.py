"""Anthropic calls seen by OpenLLMetry, by the SDK's own spans, or by both: one call, one charge."""

import sys

import otel
from opentelemetry import trace

provider = otel.provider()
if "sdk" in sys.argv:
    trace.set_tracer_provider(provider)
if "openllmetry" in sys.argv:
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

    AnthropicInstrumentor().instrument(tracer_provider=provider)
otel.call_anthropic()
provider.shutdown()
