"""Which roles of staff get into each page of the console; a new page needs a line here, or its test fails.

Strangers, customers, guests and API keys get into none but `STRANGERS`.
"""

from collections.abc import Mapping

from tests.web.console.audience_roles import MANAGER, OWNER, PEOPLE, STAFF, SUPPORT, Audience
from tests.web.console.back_office_audiences import BACK_OFFICE

# How one gets in, and out again.
STRANGERS = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-in/codes"),
    ("GET", "/password-reset"),
    ("POST", "/password-reset"),
    ("GET", "/password-reset/choice"),
    ("POST", "/password-reset/choice"),
    ("POST", "/sign-out"),
}

PAGES: Mapping[tuple[str, str], Audience] = {
    ("GET", ""): STAFF,
    ("GET", "/today/sales.json"): STAFF,
    ("GET", "/approvals"): PEOPLE,
    ("GET", "/approvals/{approval_id}"): PEOPLE,
    ("POST", "/approvals/{approval_id}/grant"): MANAGER,
    ("POST", "/approvals/{approval_id}/denial"): MANAGER,
    ("GET", "/approvals/{approval_id}/edit"): MANAGER,
    ("POST", "/approvals/{approval_id}/edit"): MANAGER,
    ("GET", "/conversations"): SUPPORT,
    ("GET", "/conversations/list"): SUPPORT,
    ("GET", "/conversations/{session}"): SUPPORT,
    ("GET", "/conversations/{session}/turns"): SUPPORT,
    ("POST", "/conversations/{session}/takeover"): SUPPORT,
    ("POST", "/conversations/{session}/messages"): SUPPORT,
    ("POST", "/conversations/{session}/handback"): SUPPORT,
    ("GET", "/runs"): SUPPORT,
    ("POST", "/runs/stop"): MANAGER,
    ("POST", "/runs/start"): MANAGER,
    ("GET", "/runs/refusals"): SUPPORT,
    ("POST", "/runs/refusals/judgement"): MANAGER,
    ("GET", "/runs/{run_id}"): SUPPORT,
    ("GET", "/runs/{run_id}/prompts"): SUPPORT,
    ("POST", "/runs/{run_id}/cancellation"): MANAGER,
    ("POST", "/runs/{run_id}/retry"): MANAGER,
    ("GET", "/log"): PEOPLE,
    ("POST", "/log/verification"): MANAGER,
    ("GET", "/log/export"): MANAGER,
    ("GET", "/log/{entry_id}"): PEOPLE,
    ("POST", "/log/{entry_id}/undo"): PEOPLE,
    ("GET", "/models"): STAFF,
    ("GET", "/models/cost.json"): STAFF,
    ("POST", "/models/breakers/closing"): MANAGER,
    ("POST", "/models/alerts/{alert_id}/note"): MANAGER,
    ("POST", "/models/targets"): MANAGER,
    ("GET", "/policies"): STAFF,
    ("GET", "/policies/{pack}/{file}"): STAFF,
    ("POST", "/policies/{pack}/{file}/what-if"): MANAGER,
    ("GET", "/knowledge"): PEOPLE,
    ("POST", "/knowledge/reading"): MANAGER,
    ("GET", "/knowledge/{document_id}"): PEOPLE,
    ("POST", "/knowledge/{document_id}/withdrawal"): MANAGER,
    ("POST", "/knowledge/{document_id}/restoration"): MANAGER,
    ("GET", "/memory"): SUPPORT,
    ("POST", "/memory/forgetting"): SUPPORT,
    ("POST", "/memory/person"): OWNER,
    ("GET", "/jobs"): PEOPLE,
    ("GET", "/jobs/list"): PEOPLE,
    ("POST", "/jobs/list/requeue"): MANAGER,
    ("POST", "/jobs/list/discard"): MANAGER,
    ("GET", "/jobs/calls"): PEOPLE,
    ("POST", "/jobs/calls/requeue"): MANAGER,
    ("POST", "/jobs/calls/cancellation"): MANAGER,
    ("GET", "/jobs/inbox"): PEOPLE,
    ("POST", "/jobs/inbox/requeue"): SUPPORT,
    ("GET", "/jobs/deliveries"): MANAGER,
    ("POST", "/jobs/deliveries/replay"): MANAGER,
    **BACK_OFFICE,
}

# What parameters of addresses stand for in the tests that walk every page, where the identifier itself matters.
PARAMETERS: Mapping[str, str] = {}
