"""Names of OpenTelemetry's semantic conventions for generative AI: they still move, so they stand here alone."""

# The package ships no stubs for what is still incubating.
from opentelemetry.semconv._incubating.attributes import (  # pyright: ignore[reportMissingTypeStubs] - no stubs
    gen_ai_attributes as _names,
)

OPERATION = _names.GEN_AI_OPERATION_NAME
AGENT_NAME = _names.GEN_AI_AGENT_NAME
CONVERSATION_ID = _names.GEN_AI_CONVERSATION_ID
REQUEST_MODEL = _names.GEN_AI_REQUEST_MODEL
RESPONSE_MODEL = _names.GEN_AI_RESPONSE_MODEL
INPUT_TOKENS = _names.GEN_AI_USAGE_INPUT_TOKENS
OUTPUT_TOKENS = _names.GEN_AI_USAGE_OUTPUT_TOKENS
TOOL_NAME = _names.GEN_AI_TOOL_NAME
TOOL_CALL_ID = _names.GEN_AI_TOOL_CALL_ID

INVOKE_AGENT = "invoke_agent"
CHAT = "chat"
EXECUTE_TOOL = "execute_tool"

# Ours, where the conventions have none.
OUTCOME = "bottega.tool.outcome"
RUN_ID = "bottega.run.id"
LEVEL = "bottega.model.level"
COST_MICROS = "bottega.model.cost_micros"
