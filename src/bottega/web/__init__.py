"""Pages for people: what every face of the shop stands on, and one package per face (`storefront`, `console`).

* `site` puts routes, envelope and failures together. A page is `async def show(visit: Visit) -> Response` in a module
  of the face, listed in that module's `PAGES`.
* `visit` is one request: who it is, reading, performing actions under the form's key, rendering, redirecting.
* `envelope` surrounds every request: same origin or nothing for writes, limits, security headers.
* `assets` joins stylesheets and scripts at the start and serves them under names that carry their digest.
* `design/` holds what all faces share: tokens, base template, plain elements, icons. `components/` holds what
  pages are built from, each with its template, one stylesheet and, where it needs one, a small script.
"""
