"""The library of documents as the settings describe it."""

from pathlib import Path

from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.services import Services
from bottega.retrieval.search import embedder_of
from bottega.runtime.knowledge.folder import DocumentFolder
from bottega.runtime.knowledge.library import Library
from bottega.settings import Settings

OWN_FOLDER = "shop"


def own_documents(settings: Settings) -> Path:
    """The folder that the shop's documents lie in when the settings name none."""
    return settings.data_dir / "documents"


def document_folders(settings: Settings) -> list[DocumentFolder]:
    """The shop's own folders, then those of others, which never speak for the shop."""
    own = settings.document_folders or {OWN_FOLDER: own_documents(settings)}
    return [
        *(DocumentFolder(name, path, may_be_absent=not settings.document_folders) for name, path in own.items()),
        *(DocumentFolder(name, path, "third_party") for name, path in settings.supplier_document_folders.items()),
    ]


def connect_library(settings: Settings, database: Database, clock: Clock, services: Services) -> Library:
    """The library of one process."""
    return Library(database, document_folders(settings), clock, embedder_of(services))
