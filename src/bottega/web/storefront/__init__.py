"""The storefront: what shoppers see, one folder per group of pages with its `PAGES`, templates, styles and scripts."""

from bottega.web import appearance
from bottega.web.assets import ROOT
from bottega.web.faces import Face
from bottega.web.storefront.account import pages as account
from bottega.web.storefront.account import privacy
from bottega.web.storefront.cart import pages as cart
from bottega.web.storefront.chat import pages as chat
from bottega.web.storefront.checkout import pages as checkout
from bottega.web.storefront.checkout import payment
from bottega.web.storefront.frame.frame import frame
from bottega.web.storefront.help import order_status, policies
from bottega.web.storefront.home import pages as home
from bottega.web.storefront.listing import pages as listing
from bottega.web.storefront.listing import search
from bottega.web.storefront.orders import pages as orders
from bottega.web.storefront.pictures import addresses
from bottega.web.storefront.pictures import answers as pictures
from bottega.web.storefront.product import pages as product
from bottega.web.storefront.returns import pages as returns
from bottega.web.storefront.search_box import pages as search_box
from bottega.web.storefront.sign_in import pages as sign_in
from bottega.web.storefront.viewed import pages as viewed

FACE = Face(
    name="storefront",
    prefix="",
    cookie="bottega_session",
    pages=(
        *home.PAGES,
        *listing.PAGES,
        *search.PAGES,
        *search_box.PAGES,
        *viewed.PAGES,
        *product.PAGES,
        *cart.PAGES,
        *checkout.PAGES,
        *payment.PAGES,
        *orders.PAGES,
        *returns.PAGES,
        *sign_in.PAGES,
        *account.PAGES,
        *privacy.PAGES,
        *order_status.PAGES,
        *policies.PAGES,
        *chat.PAGES,
        *appearance.PAGES,
        *pictures.PAGES,
    ),
    frame=frame,
    asset_folders=(ROOT / "design", ROOT / "components", ROOT / "storefront"),
    failure_template="storefront/frame/failure.html",
)

# What templates call beside the filters of every face.
WORDS = {"picture_of_card": addresses.picture_of_card, "picture_of_product": addresses.picture_of_product}
