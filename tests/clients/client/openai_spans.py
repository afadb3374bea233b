"""OpenAI calls seen by one instrumentation, or by two at once: openllmetry, openinference, semconv."""

import sys

import otel


def instrument(name, provider):
    if name == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    elif name == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor
    else:
        from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument(tracer_provider=provider)


names = sys.argv[1:]
provider = otel.provider()
for name in names:
    instrument(name, provider)
# An embedding has no response id, so two instrumentations of it cannot be told from two calls.
otel.call_openai(embed=len(names) == 1)
provider.shutdown()
