"""Whoever uploads from the command line hears what could be better, and of a file that is refused, why."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest

from activities.pieces import EvidenceWarning, Findings
from aftersales.contract.values import EvidenceRef
from cli.commands.errors import CommandError
from cli.commands.evidence import _send
from integrations.evidence import warnings_about

REF = EvidenceRef(sha256="a" * 64, media_type="image/jpeg", size_bytes=9)
(SMALL,) = warnings_about(Findings(width=10, height=10, sharpness=1.0, brightness=99.0), 50)


class Portal(BaseHTTPRequestHandler):
    """Takes whatever is named `.jpg`."""

    warnings: tuple[EvidenceWarning, ...] = (SMALL,)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        taken = b'filename="crack.jpg"' in body
        warnings = [warning.model_dump(mode="json") for warning in self.warnings]
        told = json.dumps(REF.model_dump(mode="json") | {"warnings": warnings})
        self.send_response(201 if taken else 415)
        self.end_headers()
        self.wfile.write(told.encode() if taken else b'{"sentence": "Its content is image/jpeg."}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def portal() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def sent(portal: str, file: Path) -> EvidenceRef:
    await asyncio.to_thread(file.write_bytes, b"a photo")
    async with httpx2.AsyncClient(base_url=portal, trust_env=False) as http:
        return await _send(http, file, "ticket")


async def test_a_request_for_a_better_picture_is_told_in_both_languages(
    portal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await sent(portal, tmp_path / "crack.jpg") == REF
    told = capsys.readouterr().out.replace("\n", "")
    assert all(sentence[:12] in told for sentence in SMALL.sentence.values())


async def test_a_refused_file_is_named_with_the_portals_own_words(portal: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"crack\.png was not accepted as evidence: Its content is image/jpeg\."):
        await sent(portal, tmp_path / "crack.png")
