"""Alipay's trades, refunds, transfers and accounts in the store; the rules about them are elsewhere."""

from dataclasses import asdict, replace

from sandbox.alipay.objects import (
    PayeeState,
    Refund,
    Trade,
    TradeStatus,
    Transfer,
    refund_of,
    trade_of,
    transfer_of,
)
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS alipay_trades (
    trade_no TEXT PRIMARY KEY, out_trade_no TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL,
    refunded_minor INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, channel TEXT NOT NULL, buyer TEXT NOT NULL,
    paid_at REAL NOT NULL, CHECK (refunded_minor BETWEEN 0 AND amount_minor)
);
CREATE TABLE IF NOT EXISTS alipay_refunds (
    position INTEGER PRIMARY KEY AUTOINCREMENT, trade_no TEXT NOT NULL, out_request_no TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, state TEXT NOT NULL, dback TEXT NOT NULL, at REAL NOT NULL,
    notify_url TEXT, callbacks TEXT NOT NULL, UNIQUE (trade_no, out_request_no)
);
CREATE TABLE IF NOT EXISTS alipay_transfers (
    position INTEGER PRIMARY KEY AUTOINCREMENT, out_biz_no TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL UNIQUE,
    fund_order_id TEXT NOT NULL, amount_minor INTEGER NOT NULL, identity TEXT NOT NULL, name TEXT NOT NULL,
    status TEXT NOT NULL, error_code TEXT NOT NULL, at REAL NOT NULL, ended_at REAL NOT NULL, notify_url TEXT,
    callbacks TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS alipay_payees (account TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL);
"""


class AlipayLedger:
    """Rows in and out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def trade(self, trade_no: str, out_trade_no: str = "") -> Trade | None:
        """By Alipay's number, or by the merchant's when the first is empty."""
        column, name = ("trade_no", trade_no) if trade_no else ("out_trade_no", out_trade_no)
        row = self._store.row(f"SELECT * FROM alipay_trades WHERE {column} = ?", name)  # noqa: S608 - one of two
        return None if row is None else trade_of(row)

    def trades(self) -> list[Trade]:
        """Every trade, oldest first."""
        return [trade_of(row) for row in self._store.rows("SELECT * FROM alipay_trades ORDER BY rowid")]

    def seed(self, trade: Trade) -> Trade | None:
        """Add a paid trade unless it is there; ``None`` when a different one has its names."""
        kept = self.trade(trade.trade_no) or self.trade("", trade.out_trade_no)
        if kept is None:
            self._insert("alipay_trades", asdict(trade))
            return trade
        same = replace(trade, paid_at=kept.paid_at, refunded_minor=kept.refunded_minor, status=kept.status) == kept
        return kept if same else None

    def set_status(self, trade_no: str, status: TradeStatus) -> None:
        """Move a trade by hand."""
        self._store.run("UPDATE alipay_trades SET status = ? WHERE trade_no = ?", status, trade_no)

    def add_refunded(self, trade_no: str, amount_minor: int) -> None:
        """Raise what is refunded of a trade; one that is refunded whole is closed."""
        self._store.run(
            "UPDATE alipay_trades SET refunded_minor = refunded_minor + ?1, status = CASE"
            " WHEN refunded_minor + ?1 = amount_minor THEN 'TRADE_CLOSED' ELSE status END WHERE trade_no = ?2",
            *(amount_minor, trade_no),
        )

    def refund(self, trade_no: str, out_request_no: str) -> Refund | None:
        """The refund of this number within the trade."""
        sql = "SELECT * FROM alipay_refunds WHERE trade_no = ? AND out_request_no = ?"
        row = self._store.row(sql, trade_no, out_request_no)
        return None if row is None else refund_of(row)

    def refunds(self, out_request_no: str | None = None) -> list[Refund]:
        """Every refund, or those of one number in any trade; oldest first."""
        sql = "SELECT * FROM alipay_refunds WHERE ?1 IS NULL OR out_request_no = ?1 ORDER BY position"
        return [refund_of(row) for row in self._store.rows(sql, out_request_no)]

    def last_refund_at(self, trade_no: str) -> float | None:
        """When a refund of the trade was last accepted."""
        row = self._store.row("SELECT MAX(at) AS at FROM alipay_refunds WHERE trade_no = ?", trade_no)
        return None if row is None or row["at"] is None else float(row["at"])

    def put_refund(self, refund: Refund) -> None:
        """Write a refund down, new or changed."""
        self._store.run(
            "INSERT INTO alipay_refunds (trade_no, out_request_no, amount_minor, state, dback, at, notify_url,"
            " callbacks) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trade_no, out_request_no)"
            " DO UPDATE SET state = excluded.state, dback = excluded.dback, at = excluded.at",
            *asdict(refund).values(),
        )

    def transfer(self, out_biz_no: str, order_id: str = "") -> Transfer | None:
        """By Alipay's number if there is one, else by the merchant's."""
        column, name = ("order_id", order_id) if order_id else ("out_biz_no", out_biz_no)
        row = self._store.row(f"SELECT * FROM alipay_transfers WHERE {column} = ?", name)  # noqa: S608 - one of two
        return None if row is None else transfer_of(row)

    def transfers(self) -> list[Transfer]:
        """Every transfer, oldest first."""
        return [transfer_of(row) for row in self._store.rows("SELECT * FROM alipay_transfers ORDER BY position")]

    def add_transfer(self, transfer: Transfer) -> None:
        """Write a new transfer down."""
        self._insert("alipay_transfers", asdict(transfer))

    def change_transfer(self, transfer: Transfer) -> None:
        """Write what may change of a transfer."""
        self._store.run(
            "UPDATE alipay_transfers SET status = ?, error_code = ?, ended_at = ? WHERE out_biz_no = ?",
            *(transfer.status, transfer.error_code, transfer.ended_at, transfer.out_biz_no),
        )

    def set_payee(self, account: str, name: str, state: PayeeState) -> None:
        """Say how an account takes money."""
        self._store.run("INSERT OR REPLACE INTO alipay_payees VALUES (?, ?, ?)", account, name, state)

    def payee(self, account: str) -> tuple[str, PayeeState]:
        """Name and state; an account nobody spoke of is open, under any name (an empty one)."""
        row = self._store.row("SELECT * FROM alipay_payees WHERE account = ?", account)
        return ("", PayeeState.OPEN) if row is None else (row["name"], PayeeState(row["state"]))

    def _insert(self, table: str, values: dict[str, str | int | float | None]) -> None:
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        self._store.run(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())  # noqa: S608
