"""How the shop is set up: its own settings, which staff change by action."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from pydantic import BaseModel, create_model
from starlette.responses import Response

from bottega.gateway.answers import answer_with_etag
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.errors import Invalid
from bottega.shop.shop_settings import ChangeShopSettings, ShopSettings, stored

router = APIRouter(prefix="/settings", tags=["settings"])

if TYPE_CHECKING:
    SettingsBody = RequestBody
else:
    # The same fields as the settings themselves, each of which may be left out.
    SettingsBody = create_model(
        "SettingsBody",
        __base__=RequestBody,
        __doc__="Those to be changed; what is left out stays.",
        **{name: (field.rebuild_annotation() | None, None) for name, field in ShopSettings.model_fields.items()},
    )


class SettingsChanged(BaseModel):
    """The names of what was changed."""

    changed: list[str]


@router.get("", responses={200: {"model": ShopSettings}, **responses()})
async def show(request: Request, caller: Staff) -> Response:
    """All settings of the shop; amounts in minor units of its currency."""
    async with caller.context.database.read() as connection:
        return answer_with_etag(request, await stored(connection))


@router.patch("", responses={200: {"model": SettingsChanged}, **responses()})
async def change(caller: Staff, body: SettingsBody) -> Response:
    """Change some of them; all processes follow within five seconds."""
    values = body.model_dump(mode="json", exclude_none=True)
    if not values:
        raise Invalid("nothing_to_change", "No setting is named.", next_step="Send the settings that are to change.")
    return await caller.answer(ChangeShopSettings(values=values))
