"""The providers together: what is not set up is off, and nothing set up at all keeps a worker from starting."""

import pytest

from integrations.provider import ProviderBlock, ProviderSettingsError
from integrations.providers import BLOCKS, NAMES, adapters, blocks, statements, webhook_readers


def variables(kind: type[ProviderBlock]) -> list[str]:
    return [f"{kind.model_config['env_prefix']}{name}".upper() for name in kind.model_fields]


@pytest.mark.parametrize("kind", BLOCKS, ids=NAMES)
def test_a_provider_whose_variables_are_all_empty_is_off(
    kind: type[ProviderBlock], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in variables(kind):
        monkeypatch.setenv(name, "")
    block = kind()
    assert (block.payments(), block.webhooks(), block.statements()) == (None, None, None)
    assert block.model_fields_set == set()


def test_a_worker_without_any_provider_is_told_which_ones_there_are() -> None:
    with pytest.raises(ProviderSettingsError) as refused:
        adapters(blocks())
    assert all(f"AFTERSALES_{name.upper()}_" in str(refused.value) for name in NAMES)


def test_a_portal_without_any_provider_reads_no_webhooks_and_no_statements_are_asked_for() -> None:
    assert webhook_readers(blocks()) == {}
    assert statements(blocks()) == {}
