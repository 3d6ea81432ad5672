"""Shoppers' sentences over the demo shop: nearly all lead to products that satisfy all they say."""

import os
from pathlib import Path

import pytest

from bottega import demo_shop
from bottega.bootstrap import open_application
from bottega.retrieval.search import embedder_of
from tests.conftest import DIRECTORY_VARIABLE
from tests.conversations.conftest import shop_settings_for
from tests.sentences.checking import load_demo, load_sentences
from tests.sentences.playing import handles_of, played

WANTED_SHARE = 0.95
EMBEDDER_READY_SECONDS = 60.0


@pytest.mark.slow
async def test_nearly_every_sentence_leads_to_products_that_satisfy_all_it_says(demo_url: str) -> None:
    sentences = load_sentences(Path(__file__).with_name("demo.jsonl"))
    catalogue = load_demo(Path(demo_shop.__file__).parent)
    settings = shop_settings_for(demo_url, Path(os.environ[DIRECTORY_VARIABLE]))
    async with open_application(settings) as application:
        embedder = embedder_of(application.services)
        if embedder is not None:
            await embedder.wait_ready(timeout_seconds=EMBEDDER_READY_SECONDS)
        names = await handles_of(application)
        verdicts = [await played(application, sentence, catalogue, names) for sentence in sentences]
    wrong = [str(verdict) for verdict in verdicts if verdict.reasons]
    assert len(verdicts) >= 120
    assert len(verdicts) - len(wrong) >= WANTED_SHARE * len(verdicts), "\n".join(wrong)
