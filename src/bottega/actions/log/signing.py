"""The key that signs the log's blocks and exports (Ed25519, RFC 8032), and checking its signatures."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# Key id → raw 32-byte public key.
PublicKeys: TypeAlias = Mapping[str, bytes]

BLOCK_CONTEXT = b"bottega log block\n"
EXPORT_CONTEXT = b"bottega log export\n"


class SigningKey:
    """The private key of a shop's log; its id is the beginning of the SHA-256 of the public key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_key)

    @classmethod
    def from_secret(cls, secret: bytes) -> "SigningKey":
        """The key whose 32-byte seed is HMAC-SHA256 of a fixed label under `secret`."""
        seed = hmac.digest(secret, b"bottega log signing key", "sha256")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_keys(self) -> PublicKeys:
        """This key alone, as verifiers take it."""
        return {self.key_id: self.public_key}

    def sign_block(self, block_hash: bytes) -> bytes:
        """64 bytes over the hash of a block."""
        return self._private.sign(BLOCK_CONTEXT + block_hash)

    def sign_export(self, trailer: bytes) -> bytes:
        """64 bytes over the text of an export's trailer."""
        return self._private.sign(EXPORT_CONTEXT + trailer)


def key_id_of(public_key: bytes) -> str:
    """16 hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def block_signature_holds(public_key: bytes, block_hash: bytes, signature: bytes) -> bool:
    """Whether `sign_block` of that key made this signature."""
    return _holds(public_key, BLOCK_CONTEXT + block_hash, signature)


def export_signature_holds(public_key: bytes, trailer: bytes, signature: bytes) -> bool:
    """Whether `sign_export` of that key made this signature."""
    return _holds(public_key, EXPORT_CONTEXT + trailer, signature)


def _holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
