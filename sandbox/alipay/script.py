"""Scripted business errors: which ``sub_code`` the next matching call meets, before or after it is executed."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.alipay.errors import AlipayError
from sandbox.store import Store

SCHEMA = "CREATE TABLE IF NOT EXISTS alipay_script (id INTEGER PRIMARY KEY AUTOINCREMENT, spec TEXT NOT NULL);"
Code = Literal["20000", "20001", "40001", "40002", "40003", "40004", "40005", "40006"]


class ScriptedError(BaseModel):
    """A refusal for the next ``times`` calls of an interface, of one leg if it names one; ``executes`` first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sub_code: Annotated[str, Field(max_length=64)] = ""
    code: Code = "40004"
    method: str = "alipay.trade.refund"
    leg: str | None = None
    times: Annotated[int, Field(ge=1)] = 1
    executes: bool = False

    def error(self) -> AlipayError:
        """The refusal itself."""
        return AlipayError(self.sub_code, self.code)


class ErrorScript:
    """The errors not met yet, first match first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def add(self, error: ScriptedError) -> int:
        """Queue an error and return its id."""
        spec = error.model_dump_json(exclude_defaults=True)
        return self._store.run("INSERT INTO alipay_script (spec) VALUES (?)", spec).lastrowid or 0

    def take(self, method: str, leg: str | None) -> ScriptedError | None:
        """The error that this call meets, used up by it."""
        for row in self._store.rows("SELECT id, spec FROM alipay_script ORDER BY id"):
            found = ScriptedError.model_validate_json(row["spec"])
            if found.method == method and found.leg in (None, leg):
                self._use_up(row["id"], found)
                return found
        return None

    def _use_up(self, error_id: int, error: ScriptedError) -> None:
        if error.times == 1:
            self._store.run("DELETE FROM alipay_script WHERE id = ?", error_id)
            return
        spec = error.model_copy(update={"times": error.times - 1}).model_dump_json(exclude_defaults=True)
        self._store.run("UPDATE alipay_script SET spec = ? WHERE id = ?", spec, error_id)
