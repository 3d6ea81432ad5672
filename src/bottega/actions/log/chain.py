"""Checking a sealed log entry by entry and block by block: pure, and the same for a database and an export."""

from dataclasses import dataclass

from bottega.actions.log.canonical import GENESIS_HASH, Block, SealedEntry, block_hash
from bottega.actions.log.signing import PublicKeys, block_signature_holds


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a log, and where it is seen first; `line` is set for exports."""

    code: str
    message: str
    position: int | None = None
    entry_id: str | None = None
    block: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        places = [("line", self.line), ("position", self.position), ("entry", self.entry_id), ("block", self.block)]
        place = ", ".join(f"{name} {value}" for name, value in places if value is not None)
        return f"{place}: {self.message}" if place else self.message


class Chain:
    """Takes a log's entries and blocks in order; each answer is None or the finding at which to stop."""

    def __init__(self, public_keys: PublicKeys) -> None:
        self.public_keys = public_keys
        self._open_hashes = bytearray()
        self.position = 0
        self.sequence = 0
        self.head: Block | None = None

    @property
    def blocks(self) -> int:
        """How many blocks held."""
        return 0 if self.head is None else self.head.number

    def entry(self, entry: SealedEntry) -> Finding | None:
        """Takes the next entry."""
        expected, position = self.position + 1, entry.position
        if position > expected:
            gone = f"position {expected} is" if position == expected + 1 else f"positions {expected}-{position - 1} are"
            return Finding("missing", f"{gone} missing before this", position, entry.id or None)
        if position < expected:
            return Finding("out_of_order", f"position {position} stands where {expected} belongs", position, entry.id)
        if not entry.id:
            return Finding("missing", "the entry of this position is gone", position)
        if entry.computed_hash() != entry.entry_hash:
            return Finding("altered", "the entry or its changes are not what was sealed", position, entry.id)
        if entry.sequence <= self.sequence:
            return Finding("out_of_order", f"its sequence {entry.sequence} is not above the last", position, entry.id)
        self.position, self.sequence = position, entry.sequence
        self._open_hashes += entry.entry_hash
        return None

    def block(self, block: Block) -> Finding | None:
        """Takes the block that ends here."""
        number = self.blocks + 1
        if block.number != number:
            return Finding("missing", f"block {block.number} stands where {number} belongs", block=block.number)
        first = 1 if self.head is None else self.head.last_position + 1
        if (block.first_position, block.last_position) != (first, self.position):
            return Finding(
                "missing",
                f"the block seals positions {block.first_position}-{block.last_position}, "
                f"but {first}-{self.position} stand here",
                block=number,
            )
        if block.previous_hash != (GENESIS_HASH if self.head is None else self.head.hash):
            return Finding("broken_chain", "the block does not follow the one before it", block=number)
        finding = self._content(block) or signature_finding(block, self.public_keys)
        if finding is None:
            self._open_hashes.clear()
            self.head = block
        return finding

    def end(self) -> Finding | None:
        """After the last block: nothing may be left over."""
        sealed = 0 if self.head is None else self.head.last_position
        if sealed < self.position:
            return Finding("unsealed", f"positions {sealed + 1}-{self.position} stand in no block", sealed + 1)
        return None

    def _content(self, block: Block) -> Finding | None:
        computed = block_hash(
            block.number,
            block.first_position,
            block.last_position,
            block.previous_hash,
            block.key_id,
            block.sealed_at,
            bytes(self._open_hashes),
        )
        if computed == block.hash:
            return None
        return Finding(
            "altered",
            f"an entry among positions {block.first_position}-{block.last_position}, or the block itself, "
            "is not what was sealed",
            block.first_position,
            block=block.number,
        )


def signature_finding(block: Block, public_keys: PublicKeys) -> Finding | None:
    """Whether a trusted key signed a block."""
    public_key = public_keys.get(block.key_id)
    if public_key is None:
        message = f"signed with key {block.key_id}, which is not trusted here; name its public key if it should be"
        return Finding("unknown_key", message, block=block.number)
    if not block_signature_holds(public_key, block.hash, block.signature):
        return Finding("forged", "the signature is not this key's", block=block.number)
    return None


def anchor_finding(anchor: Block, head: Block | None, at_its_number: Block | None, keys: PublicKeys) -> Finding | None:
    """Whether a log reaches and holds a head that was kept elsewhere; `at_its_number` is the log's block there."""
    if finding := signature_finding(anchor, keys):
        return Finding("anchor_" + finding.code, f"the anchor itself: {finding.message}", block=anchor.number)
    reached = 0 if head is None else head.last_position
    if at_its_number is None:
        return Finding(
            "truncated",
            f"the log ends at position {reached}, but the anchor knows {anchor.last_position} positions",
            reached + 1,
            block=anchor.number,
        )
    if at_its_number.hash != anchor.hash:
        return Finding("rewritten", "this block is not the one that the anchor knows", block=anchor.number)
    return None
