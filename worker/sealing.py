"""Who seals the operations log, and where the seals lie (P6.3)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.sealing_log import SealingLog
from integrations.provider import ProviderSettingsError
from integrations.seals import SealAddressError, open_seals
from storage.seals import ChainEnds
from worker.settings import WorkerSettings


def make_sealer(settings: WorkerSettings, engine: AsyncEngine) -> SealingLog:
    """Seals nothing where no place is named, and says so each day.

    Raises ProviderSettingsError for a place that cannot be used.
    """
    if not settings.seals:
        return SealingLog(ChainEnds(engine), None)
    try:
        return SealingLog(ChainEnds(engine), open_seals(settings.seals, settings.seal_keys))
    except SealAddressError as why:
        raise ProviderSettingsError(f"AFTERSALES_SEALS: {why}") from why
