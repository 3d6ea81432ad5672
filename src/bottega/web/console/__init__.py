"""The console: what the shop's staff sees, one folder per area with its `PAGES`, templates, styles and scripts."""

from bottega.web.assets import ROOT
from bottega.web.console import shown
from bottega.web.console.approvals import pages as approvals
from bottega.web.console.frame.frame import frame
from bottega.web.console.sign_in import pages as sign_in
from bottega.web.console.today import pages as today
from bottega.web.faces import Face

FACE = Face(
    name="console",
    prefix="/console",
    cookie="bottega_console",
    pages=(
        *sign_in.PAGES,
        *today.PAGES,
        *approvals.PAGES,
    ),
    frame=frame,
    asset_folders=(ROOT / "design", ROOT / "console"),
    failure_template="console/frame/failure.html",
    words=shown.for_staff,
    audience="staff",
)

# What templates call beside the filters of every face.
WORDS = shown.WORDS
