"""Jinja2 as the pages use it: everything escaped, an unknown name is an error, and the shop's own filters."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from bottega.web import wording
from bottega.web.assets import Assets
from bottega.web.compiled_templates import CompiledTemplates
from bottega.web.countries import country_name, needs_postcode
from bottega.web.forms import new_key

ROOT = Path(__file__).parent


class Templates:
    """The templates of all faces, named by their path below `web/`; compiled ones are kept in a folder, if any."""

    def __init__(
        self, assets: Assets, words: Mapping[str, Callable[..., Any]], compiled_folder: Path | None = None
    ) -> None:
        # How templates are compiled is said here.
        self._compiled = compiled_folder and CompiledTemplates(compiled_folder, Path(__file__).read_bytes())
        environment = Environment(
            loader=FileSystemLoader(ROOT),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
            bytecode_cache=self._compiled,
        )
        icons = assets.url("icons.svg")

        def icon(name: str, label: str = "") -> Markup:
            """An icon of the sprite; without a label it is decoration and hidden from screen readers."""
            role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
            return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(role, icons, name)

        names: dict[str, Any] = environment.globals
        names.update(asset=assets.url, icon=icon, new_key=new_key, count=wording.count, day_span=wording.day_span)
        names.update(country_name=country_name, needs_postcode=needs_postcode)
        names.update(words)
        filters: dict[str, Any] = environment.filters
        for name, write in (("money", wording.money), ("day", wording.day), ("short_day", wording.short_day)):
            filters[name] = _asked_anew(write)
        self._environment = environment

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """The template's text."""
        return self._environment.get_template(name).render(values)

    def compile_all(self) -> int:
        """Compiles every template, so that no visitor waits for it and a broken one stops the start; how many."""
        names = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.rglob("*.html"))]
        for name in names:
            self._environment.get_template(name)
        if self._compiled is not None:
            self._compiled.keep()
        return len(names)


def _asked_anew(write: Callable[..., str]) -> Callable[..., str]:
    """A filter that Jinja does not apply while it compiles, so that what it says is in no compiled template."""

    @pass_context
    def written(_context: object, *values: Any) -> str:
        return write(*values)

    return written
