"""Which application answers which address: the API's own, and the pages for everything else."""

from dataclasses import replace

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from bottega.bootstrap import Application, serving_context
from bottega.bootstrap.back_office import back_office
from bottega.gateway.application import create_app, described
from bottega.web.site import Pages, create_site

API_ADDRESSES = ("/api/", "/healthz")


class Addresses:
    """One ASGI application out of two, which know nothing of each other."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self.api = api
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = self.api if scope.get("path", "").startswith(API_ADDRESSES) else self.pages
        await chosen(scope, receive, send)


def whole_site(application: Application, api: FastAPI | None = None, pages: Pages | None = None) -> Addresses:
    """API and pages over one context, so that limits, guests and sessions are the same for both."""
    context = replace(serving_context(application), back_office=back_office(application))
    return Addresses(create_app(context, api or described()), create_site(context, pages))
