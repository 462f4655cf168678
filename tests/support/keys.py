"""Keys of the tests, where no test is about them."""

from __future__ import annotations

import base64

from pydantic import SecretStr

from aftersales.sealing import EncryptionKey
from integrations.vault import Vault

PAYEE_SECRET = base64.b64encode(b"a secret of 32 bytes for tests..").decode()
PAYEE_KEY = EncryptionKey(key_id="payees", secret=SecretStr(PAYEE_SECRET))


def vault() -> Vault:
    return Vault([PAYEE_KEY])
