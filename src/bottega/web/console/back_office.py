"""The pages of the shop itself: orders, goods, people and what they are kept by."""

from bottega.web.console.api_keys import pages as api_keys
from bottega.web.console.customers import pages as customers
from bottega.web.console.orders import pages as orders
from bottega.web.console.prices import pages as prices
from bottega.web.console.products import pages as products
from bottega.web.console.promotions import pages as promotions
from bottega.web.console.reports import pages as reports
from bottega.web.console.returns import pages as returns
from bottega.web.console.reviews import pages as reviews
from bottega.web.console.search_tuning import pages as search_tuning
from bottega.web.console.settings import pages as settings
from bottega.web.console.staff import pages as staff
from bottega.web.console.stock import pages as stock
from bottega.web.console.tickets import pages as tickets

PAGES = (
    *orders.PAGES,
    *returns.PAGES,
    *customers.PAGES,
    *tickets.PAGES,
    *reviews.PAGES,
    *products.PAGES,
    *prices.PAGES,
    *stock.PAGES,
    *promotions.PAGES,
    *search_tuning.PAGES,
    *reports.PAGES,
    *settings.PAGES,
    *staff.PAGES,
    *api_keys.PAGES,
)
