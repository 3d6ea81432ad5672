"""Which pages of products there are, and who may come."""

from bottega.web.console.products import deeds, importing, views
from bottega.web.console.registry import EVERYBODY, MANAGERS, page

PAGES = (
    page("/products", views.show_all, EVERYBODY),
    page("/products/new", views.show_new, MANAGERS),
    *importing.PAGES,
    page("/products/{product_id}", views.show_one, EVERYBODY),
    *deeds.DEEDS,
)
