"""Keys, and a workflow that says people's words in every way that Temporal stores: for the tests of encryption."""

import base64
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from aftersales import EncryptionKey, EncryptionSettings

NAME = "Wang Fang of 12 Lantern Street"
STORY = "王芳的杯子碎了, mug arrived broken"
MAIL = "wang.fang@customer.example"
WORDS = (NAME, STORY, MAIL)
QUEUE = "encryption"
_LIMIT = timedelta(seconds=10)
_SOON = RetryPolicy(initial_interval=timedelta(milliseconds=10), maximum_attempts=2)


def key(key_id: str) -> EncryptionKey:
    """The same secret for the same id, another one for another."""
    return EncryptionKey.model_validate({"key_id": key_id, "secret": secret_of(key_id)})


def secret_of(key_id: str) -> str:
    return base64.b64encode(key_id.encode().ljust(32, b".")).decode()


def settings_of(*key_ids: str) -> EncryptionSettings:
    return EncryptionSettings(encryption_keys=tuple(key(key_id) for key_id in key_ids))


@dataclass
class Told:
    words: str


@activity.defn
async def remember(told: Told) -> Told:
    """Fails once after a heartbeat, and then finds what it had said."""
    if activity.info().attempt == 1:
        activity.heartbeat(told.words)
        raise ApplicationError(f"could not keep {told.words} in mind", told)
    return Told(str(activity.info().heartbeat_details[0]))


@activity.defn
async def repeat(told: Told) -> Told:
    return told


@activity.defn
async def stumble(told: Told) -> None:
    raise ApplicationError(f"stumbled over {told.words}", told, non_retryable=True)


@workflow.defn
class Gossip:
    """Passes words through activities, local ones too, and ends in a failure that holds them once it was told."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._done = False

    @workflow.run
    async def run(self, told: Told) -> Told:
        workflow.set_current_details(told.words)
        remembered = await workflow.execute_activity(
            remember, told, start_to_close_timeout=_LIMIT, retry_policy=_SOON, summary=told.words
        )
        repeated = await workflow.execute_local_activity(repeat, remembered, start_to_close_timeout=_LIMIT)
        self._heard.append(repeated.words)
        workflow.upsert_memo({"who": repeated.words})
        await workflow.sleep(timedelta(milliseconds=1), summary=told.words)
        await workflow.wait_condition(lambda: self._done)
        try:
            await workflow.execute_local_activity(stumble, told, start_to_close_timeout=_LIMIT)
        except FailureError as error:
            raise ApplicationError(f"it ended over {told.words}", told) from error
        return told

    @workflow.signal
    def hear(self, told: Told) -> None:
        self._heard.append(told.words)

    @workflow.update
    async def answer(self, told: Told) -> Told:
        return told

    @workflow.update
    async def refuse(self, told: Told) -> None:
        raise ApplicationError(f"no, {told.words}", told, type="refused")

    @workflow.signal
    def end(self) -> None:
        self._done = True

    @workflow.query
    def heard(self) -> list[str]:
        return self._heard
