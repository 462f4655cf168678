"""The sandbox proves the product only as long as the two share nothing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import sandbox

SOURCE = Path(sandbox.__file__).parent
ALLOWED = {"cryptography", "fastapi", "httpx2", "pydantic", "pydantic_settings", "starlette", "uvicorn", "sandbox"}
STANDARD = {
    *("argparse", "asyncio", "base64", "binascii", "collections", "contextlib", "dataclasses", "datetime"),
    *(
        "enum",
        "functools",
        "gzip",
        "hashlib",
        "hmac",
        "http",
        "io",
        "itertools",
        "json",
        "pathlib",
        "re",
        "secrets",
        "signal",
        "socket",
        "sqlite3",
    ),
    *("time", "types", "typing", "urllib", "uuid", "zipfile"),
}


def imported(path: Path) -> Iterator[str]:
    """The top packages a file imports; all imports of ours are absolute."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            yield (node.module or "").partition(".")[0]


def test_the_sandbox_imports_neither_the_product_nor_the_providers_sdk() -> None:
    files = list(SOURCE.rglob("*.py"))
    assert len(files) > 20
    foreign = {(path.name, name) for path in files for name in imported(path)}
    assert {entry for entry in foreign if entry[1] not in ALLOWED | STANDARD} == set()
