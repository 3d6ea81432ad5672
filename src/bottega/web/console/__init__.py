"""The console: what the shop's staff sees, one folder per area with its `PAGES`, templates, styles and scripts."""

from bottega.web.assets import ROOT
from bottega.web.console import back_office, shown
from bottega.web.console.approvals import pages as approvals
from bottega.web.console.conversations import pages as conversations
from bottega.web.console.frame.frame import frame
from bottega.web.console.knowledge import documents, remembered
from bottega.web.console.models import pages as models
from bottega.web.console.policies import pages as policies
from bottega.web.console.record import pages as record
from bottega.web.console.runs import pages as runs
from bottega.web.console.runs import refusals
from bottega.web.console.sign_in import pages as sign_in
from bottega.web.console.today import pages as today
from bottega.web.console.work import pages as work
from bottega.web.faces import Face

FACE = Face(
    name="console",
    prefix="/console",
    cookie="bottega_console",
    pages=(
        *sign_in.PAGES,
        *today.PAGES,
        *approvals.PAGES,
        *conversations.PAGES,
        *refusals.PAGES,
        *runs.PAGES,
        *record.PAGES,
        *models.PAGES,
        *policies.PAGES,
        *documents.PAGES,
        *remembered.PAGES,
        *work.PAGES,
        *back_office.PAGES,
    ),
    frame=frame,
    asset_folders=(ROOT / "design", ROOT / "components" / "text_blocks", ROOT / "console"),
    failure_template="console/frame/failure.html",
    words=shown.for_staff,
    audience="staff",
)

# What templates call beside the filters of every face.
WORDS = shown.WORDS
