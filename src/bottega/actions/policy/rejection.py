"""The error that keeps a policy pack from loading."""

from bottega.kernel.errors import Invalid


class PolicyPackRejected(Invalid):
    """A pack is not fit to decide anything; says which pack, what in it, what was expected and what was found."""

    def __init__(self, pack: str, place: str, *, expected: str, got: str) -> None:
        super().__init__(
            "policy_pack_rejected",
            f"Policy pack {pack} does not load: {place}: expected {expected}, got {got}.",
            next_step="Correct the pack or its case; nothing was loaded.",
            pack=pack,
            place=place,
            expected=expected,
            got=got,
        )
        self.pack = pack
        self.place = place
        self.expected = expected
        self.got = got
