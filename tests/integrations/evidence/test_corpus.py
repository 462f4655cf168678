"""Whatever comes, the application goes on: hostile files get one clear error each, or lose their sting (ASVS 5.2)."""

from __future__ import annotations

import pytest

from integrations.evidence import EvidenceError, EvidenceIntake
from tests.integrations.evidence.corpus import CORPUS, Cleaned
from tests.integrations.evidence.samples import JPEG, pieces

LARGEST = 50_000_000


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 30


@pytest.mark.parametrize("what", CORPUS)
async def test_a_hostile_file_is_refused_in_words_or_cleaned(what: str, intake: EvidenceIntake) -> None:
    content, fate, name = CORPUS[what]
    if isinstance(fate, Cleaned):
        taken = await intake.take(pieces(content(), 65536), largest_bytes=LARGEST, name=name)
        assert fate.without not in await intake.store.get(taken.ref)
        return
    with pytest.raises(EvidenceError) as refused:
        await intake.take(pieces(content(), 65536), largest_bytes=LARGEST, name=name)
    assert type(refused.value) is fate.error
    assert str(refused.value).endswith(".")


async def test_after_all_of_them_a_good_picture_is_taken_in(intake: EvidenceIntake) -> None:
    assert (await intake.take(pieces(JPEG), largest_bytes=LARGEST, name="a.jpg")).ref.media_type == "image/jpeg"
