"""Which kind of thing a product is, for its drawing: by its category, or by a word of its title."""

import re
from collections.abc import Mapping

from bottega.web.storefront.pictures.shapes import SHAPES

ANYTHING = "parcel"
KINDS = frozenset(SHAPES)

# Each category: the kind of most of its things, then words of titles that mean another one. The deepest category wins.
_SHELVES: Mapping[str, str] = {
    "accessories": "beanie",
    "accessories/belts": "belt",
    "accessories/eyewear": "sunglasses",
    "accessories/gaiters": "gaiter",
    "accessories/gloves": "glove",
    "accessories/gloves/fingerless": "fingerless",
    "accessories/gloves/mittens": "mitten",
    "accessories/hats/brimmed": "brim-hat",
    "accessories/hats/caps": "cap",
    "accessories/hats/winter-caps": "flap-cap",
    "accessories/neckwear": "tube scarf=scarf",
    "accessories/socks": "sock",
    "backpacks": "day-pack",
    "backpacks/accessories": "cover",
    "backpacks/bike-bags": "roll-bag frame=pouch",
    "backpacks/child-carriers": "carrier",
    "backpacks/climbing": "rolltop",
    "backpacks/dry-bags": "dry-bag",
    "backpacks/dry-packs": "rolltop",
    "backpacks/duffels": "duffel",
    "backpacks/everyday": "rolltop",
    "backpacks/hip-packs": "hip-pack",
    "backpacks/running-vests": "vest",
    "backpacks/ski": "trekking-pack",
    "backpacks/trekking": "trekking-pack",
    "backpacks/ultralight": "rolltop",
    "camp-kitchen": "pot",
    "camp-kitchen/bottles": "bottle folding=soft-bottle",
    "camp-kitchen/coffee": "dripper",
    "camp-kitchen/cutlery": "spork",
    "camp-kitchen/fire": "fire-steel",
    "camp-kitchen/fuel": "cartridge bottle=fuel-bottle",
    "camp-kitchen/furniture": "table",
    "camp-kitchen/pans": "pan",
    "camp-kitchen/pots-and-mugs": "pot mug=mug set=cook-set",
    "camp-kitchen/stoves": "stove twig=wood-stove wood=wood-stove camp=twin-stove",
    "camp-kitchen/water-treatment": "filter",
    "camping": "tent",
    "camping/tents/accessories": "pouch footprint=footprint",
    "camping/tents/bivouacs": "sleeping-bag",
    "camping/tents/family": "family-tent bell=bell-tent",
    "camping/tents/four-season": "tunnel-tent",
    "camping/tents/tarps": "tarp mosquito=net-shelter",
    "care": "spray",
    "care/accessories": "sack",
    "care/body": "soap balm=tin stick=stick",
    "care/first-aid": "pouch",
    "care/leather": "tin",
    "care/repair": "pouch sewing=sewing",
    "children": "children-jacket",
    "children/accessories": "bottle",
    "children/backpacks": "day-pack",
    "children/base-layers": "crew",
    "children/climbing": "harness",
    "children/fleece": "fleece",
    "children/footwear": "boot wellies=wellington",
    "children/gloves": "mitten",
    "children/rainwear": "suit",
    "children/sleeping": "sleeping-bag",
    "children/socks": "sock",
    "children/summerwear": "tee",
    "children/toys": "binoculars",
    "children/trousers": "trousers",
    "children/winterwear": "suit",
    "climbing": "carabiner",
    "climbing/belay-and-abseil": "belay-device",
    "climbing/bouldering": "pad",
    "climbing/carabiners": "carabiner quickdraws=quickdraws",
    "climbing/chalk": "chalk-bag ball=chalk-ball",
    "climbing/climbing-shoes": "climbing-shoe",
    "climbing/harnesses": "harness",
    "climbing/helmets": "helmet",
    "climbing/ice": "ice-axe crampons=crampons screw=ice-screw",
    "climbing/protection": "nuts",
    "climbing/ropes": "rope",
    "climbing/slings-and-cord": "sling throw=throw-line",
    "climbing/via-ferrata": "ferrata-set",
    "clothing": "shell",
    "clothing/base-layers": "crew",
    "clothing/base-layers/bottoms": "tights",
    "clothing/base-layers/sets": "union-suit",
    "clothing/base-layers/tops": "crew tee=tee zip=zip-neck hoodie=hoodie vest=singlet",
    "clothing/base-layers/underwear": "briefs bra=bra",
    "clothing/jackets/down": "down-jacket parka=coat",
    "clothing/jackets/fleece": "fleece hoodie=hoodie",
    "clothing/jackets/gilets": "gilet",
    "clothing/jackets/insulated": "down-jacket overshirt=shirt-jacket everyday=coat",
    "clothing/jackets/rain": "shell cape=cape raincoat=coat",
    "clothing/jackets/softshell": "fleece",
    "clothing/jackets/windproof": "shell shirt=shirt-jacket",
    "clothing/trousers": "trousers",
    "clothing/trousers/shorts": "shorts",
    "clothing/trousers/softshell": "softshell-trousers",
    "clothing/trousers/tights": "tights",
    "clothing/trousers/waterproof": "softshell-trousers",
    "clothing/trousers/winter": "softshell-trousers",
    "food": "sachet",
    "food/bars": "bar",
    "food/drinks": "tin",
    "food/pets": "sachet",
    "footwear": "boot",
    "footwear/approach-shoes": "shoe",
    "footwear/barefoot-shoes": "shoe",
    "footwear/camp-shoes": "clog",
    "footwear/hiking-shoes": "shoe",
    "footwear/sandals": "sandal",
    "footwear/trail-running-shoes": "shoe",
    "footwear/water-shoes": "shoe",
    "footwear/wellingtons": "wellington clogs=clog",
    "footwear/winter-boots": "winter-boot chelsea=boot",
    "lighting": "torch",
    "lighting/bike-lights": "bike-lights",
    "lighting/emergency": "lantern",
    "lighting/head-torches": "head-torch",
    "lighting/lanterns": "lantern string=string-lights",
    "navigation": "compass",
    "navigation/accessories": "map-case whistle=whistle",
    "navigation/books": "book",
    "navigation/gps": "gps",
    "navigation/instruments": "weather-station",
    "navigation/maps": "map",
    "navigation/optics": "binoculars",
    "navigation/trekking-poles": "poles",
    "navigation/watches": "watch",
    "sleeping": "sleeping-bag",
    "sleeping/accessories": "sack",
    "sleeping/hammocks": "hammock",
    "sleeping/mats": "mat",
    "sleeping/mats/foam": "foam-mat",
    "sleeping/pillows": "pillow",
    "sleeping/quilts": "quilt",
    "trail-running": "tee",
    "trail-running/accessories": "belt warmers=arm-warmer",
    "trail-running/hydration": "soft-bottle",
    "trail-running/nutrition": "gel tablets=tin",
    "trail-running/poles": "poles",
    "trail-running/recovery": "sandal robe=coat",
    "trail-running/safety": "gilet blanket=sleeping-bag",
    "trail-running/shorts": "shorts",
    "trail-running/tops": "tee singlet=singlet",
    "travel": "organiser",
    "travel/bags": "duffel",
    "travel/electronics": "adapter",
    "travel/organisers": "organiser wash=pouch",
    "travel/security": "hip-pack lock=lock",
    "travel/sleep": "pillow",
    "travel/tableware": "mug",
    "travel/tools": "knife",
    "travel/towels": "towel",
    "travel/umbrellas": "umbrella",
    "winter-sports": "skis",
    "winter-sports/accessories": "wax warmers=sack",
    "winter-sports/avalanche-safety": "transceiver probe=probe shovel=shovel spade=shovel",
    "winter-sports/goggles": "goggles",
    "winter-sports/helmets": "snow-helmet",
    "winter-sports/ice-grips": "grips",
    "winter-sports/ski-touring": "skis skins=wax",
    "winter-sports/sledges": "sledge slider=slider",
    "winter-sports/snowshoes": "snowshoes",
}
# For shelves that nobody foresaw: the last of these words in a title.
_WORDS = (
    "jacket=shell coat=coat fleece=fleece gilet=gilet hoodie=hoodie shirt=crew tee=tee trousers=trousers "
    "shorts=shorts boot=boot boots=boot shoe=shoe shoes=shoe sandal=sandal sandals=sandal hat=brim-hat cap=cap "
    "beanie=beanie gloves=glove mittens=mitten socks=sock scarf=scarf belt=belt sunglasses=sunglasses "
    "helmet=helmet backpack=day-pack pack=day-pack duffel=duffel bag=duffel tent=tent tarp=tarp hammock=hammock "
    "pillow=pillow mat=mat lantern=lantern torch=torch stove=stove pot=pot pan=pan mug=mug bottle=bottle "
    "rope=rope harness=harness compass=compass map=map book=book watch=watch poles=poles skis=skis "
    "umbrella=umbrella towel=towel knife=knife "
)


def kind_of(category: str | None, title: str) -> str:
    """The kind; what nobody foresaw is a parcel."""
    words = re.findall(r"[a-z]+", title.casefold())
    shelf = _shelf_of(category)
    if shelf is None:
        known = _pairs(_WORDS)
        return next((known[word] for word in reversed(words) if word in known), ANYTHING)
    usual, _, others = shelf.partition(" ")
    known = _pairs(others)
    return next((known[word] for word in words if word in known), usual)


def _shelf_of(category: str | None) -> str | None:
    path = category or ""
    while path:
        if path in _SHELVES:
            return _SHELVES[path]
        path = path.rpartition("/")[0]
    return None


def _pairs(text: str) -> dict[str, str]:
    """`word=kind word=kind` as a mapping."""
    return dict(pair.split("=") for pair in text.split())
