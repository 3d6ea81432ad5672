"""Categories: a tree by path."""

from collections.abc import Mapping
from typing import Any, ClassVar

import asyncpg

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.identifiers import CategoryId
from bottega.shop.catalogue.errors import HandleTaken, NoSuchCategory
from bottega.shop.catalogue.model import CategoryPath, Title


class CreateCategory(Action):
    """A category at a path whose parent exists."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    path: CategoryPath
    title: Title


class CategoryChanges(Action):
    """Another title, or another place in the tree: what stands below moves along."""

    title: Title | None = None
    path: CategoryPath | None = None


class ChangeCategory(CategoryChanges):
    """Another title or place for a category."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    category_id: CategoryId


class RemoveCategory(Action):
    """Removes a category that is empty."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    category_id: CategoryId


@handles(CreateCategory, undoable=True)
async def create_category(action: CreateCategory, work: Work) -> dict[str, Any]:
    """One row under its parent."""
    category_id = work.new_id("cat")
    parent_id = await _parent_of(work, action.path)
    try:
        await work.connection.execute(
            "INSERT INTO shop.categories (id, path, title, parent_id) VALUES ($1, $2, $3, $4)",
            category_id,
            action.path,
            action.title,
            parent_id,
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(action.path) from error
    return {"category_id": category_id, "path": action.path}


@handles(ChangeCategory, undoable=True)
async def change_category(action: ChangeCategory, work: Work) -> dict[str, Any]:
    """The row itself, and the paths of all below it."""
    if action.title is None and action.path is None:
        raise Invalid("nothing_changes", "No field is given a value.", next_step="Give title or path.")
    category = await work.connection.fetchrow(
        "SELECT path, title, parent_id FROM shop.categories WHERE id = $1 FOR UPDATE", action.category_id
    )
    if category is None:
        raise NoSuchCategory(action.category_id)
    path, parent_id = category["path"], category["parent_id"]
    if action.path is not None and action.path != path:
        if action.path.startswith(f"{path}/"):
            raise Invalid("path_below_itself", "A category cannot move below itself.", next_step="Choose another path.")
        path, parent_id = action.path, await _parent_of(work, action.path)
    try:
        await _move_subtree(work, category["path"], path)
        await work.connection.execute(
            "UPDATE shop.categories SET path = $2, title = $3, parent_id = $4 WHERE id = $1",
            action.category_id,
            path,
            action.title or category["title"],
            parent_id,
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(path) from error
    return {"category_id": action.category_id, "path": path}


@handles(RemoveCategory, undoable=True)
async def remove_category(action: RemoveCategory, work: Work) -> dict[str, Any]:
    """Deletes the row; products and categories below it are in the way."""
    try:
        path = await work.connection.fetchval(
            "DELETE FROM shop.categories WHERE id = $1 RETURNING path", action.category_id
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise Conflict(
            "category_in_use",
            "Products or other categories stand in this category.",
            next_step="Move them first.",
            category_id=action.category_id,
        ) from error
    if path is None:
        raise NoSuchCategory(action.category_id)
    return {"category_id": action.category_id, "path": path}


async def ensure_categories(work: Work, titles: Mapping[str, str]) -> dict[str, str]:
    """The ids of categories by path; missing ones are made with the title given, or one made of the path.

    Parents that are missing are made as well. Existing titles stay.
    """
    wanted = sorted({path for full in titles for path in _lineage(full)})
    if not wanted:
        return {}
    known = await _ids_of(work, wanted)
    missing = [path for path in wanted if path not in known]
    if missing:
        fresh = {path: work.new_id("cat") for path in missing}
        ids = {**known, **fresh}
        # Sorted by path, so a parent's row comes before its children's; equal imports may race for the same paths.
        await work.connection.execute(
            "INSERT INTO shop.categories (id, path, title, parent_id) "
            "SELECT t.id, t.path, t.title, t.parent_id "
            "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t (id, path, title, parent_id)",
            [fresh[path] for path in missing],
            missing,
            [titles.get(path) or title_of(path) for path in missing],
            [ids[path.rpartition("/")[0]] if "/" in path else None for path in missing],
        )
        return ids
    return known


def title_of(path: str) -> str:
    """A title for a category that came without one: the last part of its path in words."""
    return path.rpartition("/")[2].replace("-", " ").capitalize()


async def _ids_of(work: Work, paths: list[str]) -> dict[str, str]:
    rows = await work.connection.fetch("SELECT path, id FROM shop.categories WHERE path = ANY ($1::text[])", paths)
    return {row["path"]: row["id"] for row in rows}


def _lineage(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


async def _parent_of(work: Work, path: str) -> str | None:
    parent = path.rpartition("/")[0]
    if not parent:
        return None
    parent_id = await work.connection.fetchval("SELECT id FROM shop.categories WHERE path = $1", parent)
    if parent_id is None:
        raise NoSuchCategory(parent)
    return parent_id


async def _move_subtree(work: Work, old: str, new: str) -> None:
    if old != new:
        await work.connection.execute(
            "UPDATE shop.categories SET path = $2 || substr(path, length($1) + 1) WHERE starts_with(path, $1 || '/')",
            old,
            new,
        )
