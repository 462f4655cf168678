"""What is wrong with an environment is told by its variables, and never by their values."""

from typing import Annotated

import pytest
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from integrations.environment import explain_settings


class KitchenSettings(BaseSettings):
    """Settings of a process that there is not, one of each kind."""

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_KITCHEN_")

    ovens: int
    plates: tuple[int, ...] = ()
    shop_name: Annotated[SecretStr, Field(validation_alias=AliasChoices("AFTERSALES_SHOP_NAME"), min_length=3)]


def refusal(monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    for name, value in environ.items():
        monkeypatch.setenv(f"AFTERSALES_{name}", value)
    with pytest.raises((ValidationError, SettingsError)) as refused:
        KitchenSettings()
    assert isinstance(refused.value, ValidationError | SettingsError)
    return explain_settings(refused.value, KitchenSettings)


def test_each_variable_has_its_line_under_the_name_by_which_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, KITCHEN_OVENS="seven", SHOP_NAME="ab").splitlines()
    assert [line.partition(":")[0] for line in told] == ["AFTERSALES_KITCHEN_OVENS", "AFTERSALES_SHOP_NAME"]
    assert "seven" not in "".join(told)


def test_of_a_list_the_place_is_named_and_the_first_fault_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, KITCHEN_OVENS="1", SHOP_NAME="abc", KITCHEN_PLATES='[1, "two", "three"]')
    assert told.startswith("AFTERSALES_KITCHEN_PLATES.1: ")
    assert len(told.splitlines()) == 1


def test_what_is_no_json_is_told_by_the_variables_name(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, KITCHEN_OVENS="1", SHOP_NAME="abc", KITCHEN_PLATES="one, two")
    assert told == "AFTERSALES_KITCHEN_PLATES: not to be read; lists and keys are written as JSON."


def test_what_is_missing_is_told_by_the_name_to_set_with_where_to_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(monkeypatch, KITCHEN_OVENS="1")
    assert told.startswith("AFTERSALES_SHOP_NAME: not set. README.md")
    assert "deploy/example.env" in told
