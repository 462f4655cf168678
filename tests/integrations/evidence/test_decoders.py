"""A file that kills, hangs or takes over its decoder costs one clear error, and the next file is opened."""

from __future__ import annotations

import asyncio
import sys
import zlib
from pathlib import Path

import pytest

from integrations.evidence import Bounds, Decoders, EvidenceBrokenError
from tests.integrations.evidence.corpus import png
from tests.integrations.evidence.samples import JPEG

DIES = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
SLEEPS_FOR_EVER = "import time; time.sleep(3600)"
TALKS_NONSENSE = "import sys; sys.stdout.write('nonsense\\n'); sys.stdout.flush(); sys.stdin.read()"
PROMISES_TOO_MUCH = (
    "import sys; sys.stdout.write('{\"content_bytes\": 99000000000}\\n'); sys.stdout.flush(); sys.stdin.read()"
)
NEVER_STOPS = "import sys; [sys.stdout.write('x' * 9999) for _ in range(99)]"


def possessed(tmp_path: Path, deed: str) -> tuple[str, ...]:
    """A decoder that does this with its first file; the second one meets the real program."""
    seen = tmp_path / "seen"
    program = (
        f"import pathlib, runpy\n"
        f"seen = pathlib.Path({str(seen)!r})\n"
        f"if not seen.exists():\n"
        f"    seen.touch()\n"
        f"    {deed}\n"
        f"else:\n"
        f"    runpy.run_module('integrations.evidence.decoder', run_name='__main__')\n"
    )
    return (sys.executable, "-c", program)


@pytest.mark.parametrize("deed", [DIES, TALKS_NONSENSE, PROMISES_TOO_MUCH, NEVER_STOPS])
async def test_a_decoder_that_dies_or_lies_costs_one_error(tmp_path: Path, deed: str) -> None:
    decoders = Decoders(Bounds(), count=1, limit_s=60, memory_mb=2048, program=possessed(tmp_path, deed))
    with pytest.raises(EvidenceBrokenError, match="cannot be opened"):
        await decoders.clean(JPEG, "image/jpeg")
    assert (await decoders.clean(JPEG, "image/jpeg")).media_type == "image/jpeg"
    await decoders.close()


async def test_a_decoder_that_hangs_without_an_alarm_is_ended_by_the_backstop(tmp_path: Path) -> None:
    decoders = Decoders(Bounds(), count=1, limit_s=0, memory_mb=2048, program=possessed(tmp_path, SLEEPS_FOR_EVER))
    decoders._limit_s = 0.2
    with pytest.raises(EvidenceBrokenError):
        await decoders.clean(JPEG, "image/jpeg")
    await decoders.close()


async def test_a_file_that_takes_too_long_ends_its_decoder_by_its_own_alarm() -> None:
    hanging = (
        "import time, integrations.evidence.decoder as it\n"
        "it._CLEANING['image'] = lambda *_: time.sleep(3600)\n"
        "it.main()"
    )
    decoders = Decoders(Bounds(), count=1, limit_s=1, memory_mb=2048, program=(sys.executable, "-c", hanging))
    decoders._limit_s = 3600  # the backstop has its own test
    with pytest.raises(EvidenceBrokenError):
        await decoders.clean(JPEG, "image/jpeg")
    await decoders.close()


async def test_a_file_that_takes_too_much_memory_is_broken_and_the_next_one_is_opened() -> None:
    """400 megapixels of one bit each: a small file, and 1.2 GB of colours."""
    rows = bytes(20_000 * (1 + 20_000 // 8))
    greedy = png(20_000, 20_000, rows=rows).replace(b"\x08\0\0\0\0", b"\x01\0\0\0\0", 1)
    header = greedy[12:29]
    greedy = greedy[:29] + zlib.crc32(header).to_bytes(4, "big") + greedy[33:]
    decoders = Decoders(Bounds(pixels=10**9), count=1, limit_s=60, memory_mb=700)
    with pytest.raises(EvidenceBrokenError):
        await decoders.clean(greedy, "image/png")
    assert (await decoders.clean(JPEG, "image/jpeg")).findings.width == 64
    await decoders.close()


async def test_whoever_gives_up_waiting_leaves_a_sound_decoder_behind(decoders: Decoders) -> None:
    waiting = asyncio.create_task(decoders.clean(JPEG, "image/jpeg"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await decoders.clean(JPEG, "image/jpeg")).findings.width == 64


async def test_many_files_at_once_stand_in_line(decoders: Decoders) -> None:
    cleaned = await asyncio.gather(*(decoders.clean(JPEG, "image/jpeg") for _ in range(8)))
    assert len({each.content for each in cleaned}) == 1


async def test_a_decoder_knows_none_of_our_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_SECRET", "known-to-nobody")
    told = tmp_path / "environment"
    spy = (sys.executable, "-c", f"import os; open({str(told)!r}, 'w').write(' '.join(os.environ))")
    decoders = Decoders(Bounds(), count=1, limit_s=5, memory_mb=2048, program=spy)
    with pytest.raises(EvidenceBrokenError):
        await decoders.clean(JPEG, "image/jpeg")
    await decoders.close()
    assert "SECRET" not in told.read_text()
