"""The colours of the trade as drawings show them: one value per name that catalogues use."""

PLAIN = "plain"
# For things of which nobody says the colour: quiet ones, each thing its own.
PLAINS = (PLAIN, "slate", "moss", "clay", "petrol", "ochre", "stone", "heather")

HEX_BY_NAME: dict[str, str] = {
    PLAIN: "#8a9a8e",
    "anthracite": "#3d4245", "aubergine": "#4b2e45", "berry": "#8e2f56", "black": "#33383b", "black orange": "#33383b",
    "blue": "#3a6ea5", "brown": "#75523a", "burgundy": "#6e2436", "charcoal": "#4a4f52", "chestnut": "#7a4630",
    "clay": "#b3694a", "clear": "#bcd3da", "cobalt": "#2d4fa2", "cognac": "#a2602f", "copper": "#b0704a",
    "coral": "#e2735c", "cream": "#e9dfc6", "dark blue": "#27406b", "dark green": "#2b5240", "dark grey": "#565c5f",
    "fern": "#5f8a4c", "forest": "#2f5b43", "graphite": "#484c50", "green": "#4c8a5b", "green check": "#4c7a5b",
    "grey": "#8d9498", "grey orange": "#8d9498", "heather": "#8b7a94", "indigo": "#38407f", "ink": "#2a3350",
    "ivory": "#ece6d6", "khaki": "#94895c", "lagoon": "#2c8c96", "light blue": "#8fb8d6", "lime": "#a3bf45",
    "loden": "#56613f", "mint": "#93c8ad", "moss": "#67743f", "mustard": "#cf9c2f", "natural": "#d8c8a4",
    "navy": "#2b3c5e", "oatmeal": "#d5c6a9", "ochre": "#c08a34", "olive": "#6c6e3d", "orange": "#df7a36",
    "patchwork": "#a06a55", "peach": "#efae8c", "petrol": "#24626f", "pink": "#dd8ea2", "plum": "#66395c",
    "print": "#b98a5e", "purple": "#6d4a8f", "red": "#bf3f3a", "red check": "#b04440", "rose": "#cf8a90",
    "rust": "#a8502f", "saffron": "#e0a52f", "sage": "#9bab8a", "sand": "#cfb98e", "silver": "#b3b9bd",
    "sky": "#7fb2d8", "slate": "#5f6d78", "spruce": "#33594f", "stone": "#b2aa9a", "stripe": "#5b7896",
    "sun print": "#dfa64a", "sunset": "#dd7b54", "tan": "#c09668", "teal": "#2f7f7b", "terracotta": "#b9603f",
    "tortoise": "#7c5531", "turquoise": "#3fa7a8", "violet": "#7d63a6", "white": "#eceae3", "white red": "#eceae3",
    "wine": "#6f2a3a", "yellow": "#e6bd3c",
}  # fmt: skip
# The second colour of names that are of two, and of patterns.
SECOND_BY_NAME: dict[str, str] = {
    "black orange": "#df7a36",
    "green check": "#2b4436",
    "grey orange": "#df7a36",
    "patchwork": "#4f6d84",
    "print": "#3e5f56",
    "red check": "#5e2020",
    "stripe": "#eceae3",
    "sun print": "#f4e3b0",
    "sunset": "#e9b44c",
    "white red": "#bf3f3a",
}


def slug_of(name: str) -> str:
    """The name as it stands in addresses."""
    return name.replace(" ", "-")


NAME_BY_SLUG = {slug_of(name): name for name in HEX_BY_NAME}


def shaded(colour: str, amount: float) -> str:
    """The colour mixed with black (negative) or white (positive); `amount` from −1 to 1."""
    target = 255 if amount > 0 else 0
    channels = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(channel + (target - channel) * abs(amount)):02x}" for channel in channels)


def lightness(colour: str) -> float:
    """How light a colour looks, from 0 to 1 (weights of ITU-R BT.709)."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
