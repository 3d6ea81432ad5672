"""Which files are accepted as the model's, and where they are looked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from bottega.connectors.minilm import weights
from bottega.connectors.minilm.identity import WEIGHTS, WEIGHTS_PACKAGE, MiniLm
from bottega.kernel.errors import Unavailable


def damage(path: Path) -> None:
    """Turns one bit in the middle; the size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)


def refusal_of(setup: MiniLm) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        weights.sound_folder(setup)
    return caught.value


def test_the_folder_of_the_settings_is_the_only_place(weights_folder: Path, tmp_path: Path) -> None:
    setup = MiniLm(tmp_path, weights_folder=weights_folder)
    assert weights.sound_folder(setup) == weights_folder
    elsewhere = MiniLm(tmp_path, weights_folder=tmp_path / "elsewhere")
    assert [place.folder for place in weights.places(elsewhere)] == [tmp_path / "elsewhere"]
    refusal = refusal_of(elsewhere)
    assert refusal.code == "embedder_weights_missing"
    assert refusal.message == "Meaning is away: the language model's file model.safetensors is missing."
    assert "BOTTEGA_EMBEDDER_WEIGHTS" in refusal.next_step


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_one_wrong_bit_is_noticed(weights_folder: Path, tmp_path: Path, name: str) -> None:
    damage(weights_folder / name)
    refusal = refusal_of(MiniLm(tmp_path, weights_folder=weights_folder))
    assert refusal.code == "embedder_weights_damaged"
    assert name in refusal.message
    assert refusal.message.startswith("Meaning is away: ")


def test_a_missing_tokenizer_is_named(weights_folder: Path, tmp_path: Path) -> None:
    (weights_folder / "tokenizer.json").unlink()
    refusal = refusal_of(MiniLm(tmp_path, weights_folder=weights_folder))
    assert refusal.code == "embedder_weights_missing"
    assert "tokenizer.json" in refusal.message


def test_a_folder_in_place_of_a_file_is_damage(weights_folder: Path, tmp_path: Path) -> None:
    (weights_folder / WEIGHTS.name).unlink()
    (weights_folder / WEIGHTS.name).mkdir()
    assert refusal_of(MiniLm(tmp_path, weights_folder=weights_folder)).code == "embedder_weights_damaged"


def test_the_signature_changes_with_a_file(weights_folder: Path, tmp_path: Path) -> None:
    setup = MiniLm(tmp_path, weights_folder=weights_folder)
    before = weights.signature(setup)
    assert weights.signature(setup) == before
    damage(weights_folder / "tokenizer.json")
    assert weights.signature(setup) != before
    (weights_folder / "tokenizer.json").unlink()
    assert weights.signature(setup)[1] == (str(weights_folder), "tokenizer.json", None)


def test_the_package_is_found_and_never_imported(published: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from bottega.connectors.minilm import weights\n"
        "from bottega.connectors.minilm.identity import MiniLm\n"
        "places = weights.places(MiniLm(pathlib.Path('nowhere')))\n"
        f"assert '{WEIGHTS_PACKAGE}' not in sys.modules\n"
        "print(places[0].source)\n"
    )
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert found == f"the package {WEIGHTS_PACKAGE}\n"
