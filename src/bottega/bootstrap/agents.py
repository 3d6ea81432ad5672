"""The agents of one process: their roles, the models behind them, and the runtime that runs them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from bottega.actions.effects import EffectDriver
from bottega.actions.perform import Performer
from bottega.agents.assistant.dialogue.engine import AssistantDialogue
from bottega.agents.assistant.language import ENGLISH, own_classifier_folder
from bottega.agents.assistant.role import NAME as ASSISTANT
from bottega.agents.assistant.role import assistant_role
from bottega.agents.back_office.dialogue import OfficeDialogue
from bottega.agents.back_office.role import NAME as BACK_OFFICE
from bottega.agents.back_office.role import back_office_role
from bottega.agents.dialogues import DialogueOfRole
from bottega.agents.tools.customer_tools import NOUNS, ShopParts
from bottega.agents.tools.payment_page import PaymentPages
from bottega.agents.tools.product_search import ShopSearch
from bottega.bootstrap.models import connect_models
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.platform.jobs.queue import Jobs
from bottega.ports.chat_model import ChatModel
from bottega.ports.embedder import Embedder
from bottega.ports.services import Services
from bottega.retrieval.search import embedder_of
from bottega.runtime.engine import Runtime
from bottega.runtime.guard.full import full_guard
from bottega.runtime.knowledge.library import Library
from bottega.runtime.models.call import ModelRouter
from bottega.runtime.models.offline.intents import IntentReader
from bottega.runtime.models.offline.model import OfflineModel
from bottega.runtime.models.offline.teaching import find_classifier
from bottega.runtime.role import Role
from bottega.settings import Settings
from bottega.shop.catalogue.search_notes import SearchNotes

# Known without making the roles: their tools' schemas take a tenth of a second.
ROLE_NAMES = (ASSISTANT, BACK_OFFICE)


class Agents:
    """Started when the first conversation or job needs them: most commands of the shop never do."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        performer: Performer,
        services: Services,
        effects: EffectDriver,
        jobs: Jobs,
        clock: Clock,
        knowledge: Library,
        pages: PaymentPages,
        *,
        search_notes: SearchNotes,
        secret: bytes,
    ) -> None:
        self._settings = settings
        self._database = database
        self._performer = performer
        self._services = services
        self._effects = effects
        self._jobs = jobs
        self._clock = clock
        self._knowledge = knowledge
        self._pages = pages
        self._search_notes = search_notes
        self._secret = secret
        self._stack = AsyncExitStack()
        self._starting = asyncio.Lock()
        self._runtime: Runtime | None = None

    @property
    def kept_days(self) -> tuple[int, int]:
        """How long journals are kept, and how long conversations and runs."""
        return self._settings.journal_days, self._settings.conversation_days

    async def started(self) -> Runtime:
        """The runtime, which holds a presence in the database from now on."""
        async with self._starting:
            if self._runtime is None:
                self._runtime = await self._stack.enter_async_context(self._made())
        return self._runtime

    async def close(self) -> None:
        """Lets go of what was started."""
        await self._stack.aclose()

    def roles(self) -> tuple[Role, ...]:
        """Every role that this shop employs."""
        search = ShopSearch(embedder_of(self._services), self._search_notes)
        parts = ShopParts(self._effects, search, self._pages, self._knowledge)
        return (assistant_role(parts), back_office_role(parts))

    def _made(self) -> Runtime:
        return Runtime(
            self._database,
            self._performer,
            self._router(),
            full_guard(own_hosts(self._settings)),
            self._jobs,
            self._clock,
            {role.name: role for role in self.roles()},
            nouns=NOUNS,
        )

    def _router(self) -> ModelRouter:
        """The models of the settings, with the offline engine below them; those that want it are loaded meanwhile."""
        embedder = embedder_of(self._services)
        router = connect_models(
            self._settings,
            self._database,
            self._clock,
            offline=offline_model(embedder, own_classifier_folder(self._settings.data_dir)),
            secret=self._secret,
            embedder=embedder,
            current_versions=self._knowledge.current_versions,
        )
        self._stack.push_async_callback(router.close)
        warming = asyncio.create_task(router.warm_up(), name="models warm up")
        self._stack.callback(warming.cancel)
        return router


def own_hosts(settings: Settings) -> frozenset[str]:
    """Where the shop's own pages stand; replies may link there."""
    host = settings.public_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return frozenset({host})


def offline_model(embedder: Embedder | None, own_folder: Path | None = None) -> ChatModel:
    """The engine that answers without any model."""
    classifier = find_classifier(ENGLISH, own_folder, None if embedder is None else embedder.model)
    assistant = AssistantDialogue(IntentReader(classifier, embedder))
    return OfflineModel(DialogueOfRole({BACK_OFFICE: OfficeDialogue()}, assistant))
