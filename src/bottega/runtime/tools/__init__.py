"""Tools made of actions and of query functions: one definition, from which schema, description and checks follow."""

from bottega.runtime.tools.action_tool import ActionTool
from bottega.runtime.tools.query_tool import QueryTool, query_tool

__all__ = ["ActionTool", "QueryTool", "query_tool"]
