"""The folders of documents are looked at every minute, which also keeps what is unchanged fresh enough to be cited."""

from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from bottega.platform.jobs import periodic
from bottega.runtime.knowledge.library import Library

log = structlog.get_logger(__name__)


class KnowledgeJobs(Protocol):
    """What the job is given; the application has it."""

    @property
    def knowledge(self) -> Library: ...


@periodic("knowledge.ingest", every_seconds=60, timeout_seconds=600)
async def ingest(context: KnowledgeJobs, _: Mapping[str, Any]) -> None:
    """Takes in what changed; what is rejected is logged by path and reason, which are the shop's own."""
    for name, summary in (await context.knowledge.ingest_all()).items():
        for problem in summary.rejected:
            log.warning("document_rejected", folder=name, path=problem.path, code=problem.code)
