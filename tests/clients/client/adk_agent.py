"""An agent of Google's ADK on Gemini: its own spans."""

import asyncio
import os

import otel
from opentelemetry import trace

provider = otel.provider()
trace.set_tracer_provider(provider)
os.environ["GOOGLE_API_KEY"] = "unused"

from google.adk.agents import Agent  # noqa: E402
from google.adk.models import Gemini  # noqa: E402
from google.adk.runners import InMemoryRunner  # noqa: E402
from google.genai import types  # noqa: E402


async def main():
    agent = Agent(name="planner", model=Gemini(model="gemini-2.5-flash", base_url=otel.MOCK))
    runner = InMemoryRunner(agent, app_name="test")
    session = await runner.session_service.create_session(app_name="test", user_id="ada")
    message = types.Content(role="user", parts=[types.Part(text=otel.PROMPT)])
    async for event in runner.run_async(user_id="ada", session_id=session.id, new_message=message):
        assert not event.error_code, event.error_message


asyncio.run(main())
provider.shutdown()
