"""How much of a file we open at all, and what a good picture is. Settings of whoever opens evidence."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from aftersales.contract.values import Frozen

PIXELS_OF_A_MEGAPIXEL: Final = 1_000_000
BYTES_OF_A_MEGABYTE: Final = 1_000_000


class Bounds(Frozen):
    """What a decoder is told beside the file. `pixels` of one picture or frame, `seconds` of a video."""

    pixels: int = 50 * PIXELS_OF_A_MEGAPIXEL
    seconds: int = 600
    pages: int = 200
    inflated_bytes: int = 500 * BYTES_OF_A_MEGABYTE  # of all compressed parts of a document together


class EvidenceSettings(BaseModel):
    """The variables have the same names in portal and worker.

    `decoders` child processes open files, each at most `decoder_limit_s` seconds for one file and with at most
    `decoder_memory_mb` of address space. Below `evidence_sharpness` a picture is called blurred, see `judgement`.
    """

    model_config = ConfigDict(populate_by_name=True)

    evidence_megapixels: Annotated[
        int, Field(gt=0, le=200, validation_alias=AliasChoices("AFTERSALES_EVIDENCE_MEGAPIXELS"))
    ] = 50
    evidence_video_minutes: Annotated[
        int, Field(gt=0, le=60, validation_alias=AliasChoices("AFTERSALES_EVIDENCE_VIDEO_MINUTES"))
    ] = 10
    evidence_pages: Annotated[int, Field(gt=0, le=5000, validation_alias=AliasChoices("AFTERSALES_EVIDENCE_PAGES"))] = (
        200
    )
    evidence_sharpness: Annotated[
        float, Field(ge=0, validation_alias=AliasChoices("AFTERSALES_EVIDENCE_SHARPNESS"))
    ] = 50.0
    decoders: Annotated[int, Field(gt=0, le=32, validation_alias=AliasChoices("AFTERSALES_DECODERS"))] = 2
    decoder_limit_s: Annotated[
        int, Field(gt=0, le=600, validation_alias=AliasChoices("AFTERSALES_DECODER_LIMIT_S"))
    ] = 30
    decoder_memory_mb: Annotated[int, Field(ge=512, validation_alias=AliasChoices("AFTERSALES_DECODER_MEMORY_MB"))] = (
        2048
    )

    @property
    def bounds(self) -> Bounds:
        return Bounds(
            pixels=self.evidence_megapixels * PIXELS_OF_A_MEGAPIXEL,
            seconds=self.evidence_video_minutes * 60,
            pages=self.evidence_pages,
        )
