"""The few strokes that drawings are made of; coordinates are those of a square of 400, its middle line at 200."""


def fill(path: str, colour: str, opacity: float = 1) -> str:
    """An area."""
    faint = "" if opacity == 1 else f' opacity="{opacity}"'
    return f'<path d="{path}" fill="{colour}"{faint}/>'


def seam(path: str, colour: str, width: float = 3, dashes: str = "") -> str:
    """A line."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linecap="round" stroke-linejoin="round"{dashed}/>'
    )


def disc(x: float, y: float, radius: float, colour: str) -> str:
    """A filled circle."""
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>'


def ring(x: float, y: float, radius: float, colour: str, width: float) -> str:
    """A circle's line."""
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def box(x: float, y: float, width: float, height: float, colour: str, corner: float = 0) -> str:
    """A rectangle with round corners."""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{corner}" fill="{colour}"/>'


def mirrored(drawing: str) -> str:
    """The same on the other side of the middle line."""
    return f'<g transform="matrix(-1 0 0 1 400 0)">{drawing}</g>'


def halves(path: str, lit: str, shaded: str) -> str:
    """Something as good as its mirror image: the left half in the light, the right one in the shade."""
    return fill(path, lit) + mirrored(fill(path, shaded))


def both(drawing: str) -> str:
    """A drawing of the left side, on both."""
    return drawing + mirrored(drawing)


def turned(drawing: str, degrees: float, x: float = 200, y: float = 200) -> str:
    """A drawing turned about a point."""
    return f'<g transform="rotate({degrees} {x} {y})">{drawing}</g>'


def moved(drawing: str, x: float, y: float, scale: float = 1) -> str:
    """A drawing made smaller or larger and moved."""
    return f'<g transform="translate({x} {y}) scale({scale})">{drawing}</g>'
