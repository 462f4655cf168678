"""WeChat Pay's orders, refunds, bills and scripted refusals in the store."""

from dataclasses import asdict

from sandbox.store import Store
from sandbox.wechat.objects import Order, Refund, Status, order_of, refund_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS wechat_orders (
    transaction_id TEXT PRIMARY KEY, out_trade_no TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL,
    paid_at REAL NOT NULL, payer_abnormal INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS wechat_refunds (
    position INTEGER PRIMARY KEY AUTOINCREMENT, refund_id TEXT NOT NULL UNIQUE, out_refund_no TEXT NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL, out_trade_no TEXT NOT NULL, refund_minor INTEGER NOT NULL,
    total_minor INTEGER NOT NULL, created REAL NOT NULL, status TEXT NOT NULL, channel TEXT NOT NULL,
    received_account TEXT NOT NULL, success_at REAL, notify_url TEXT, callbacks TEXT NOT NULL, settle_at REAL,
    settle_as TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS wechat_refunds_order ON wechat_refunds (transaction_id);
CREATE INDEX IF NOT EXISTS wechat_refunds_settle ON wechat_refunds (settle_at);
CREATE TABLE IF NOT EXISTS wechat_bills (token TEXT PRIMARY KEY, content TEXT NOT NULL, packed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS wechat_refusals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, status INTEGER, method TEXT NOT NULL, leg TEXT,
    times INTEGER
);
"""


class WeChatLedger:
    """Rows; every rule about them is in ``refunds``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def order(self, number: str) -> Order | None:
        """The order of this transaction id, or of this merchant's number."""
        sql = "SELECT * FROM wechat_orders WHERE transaction_id = ?1 OR out_trade_no = ?1"
        row = self._store.row(sql, number)
        return None if row is None else order_of(row)

    def seed(self, order: Order) -> Order | None:
        """Add a paid order unless it is there; ``None`` when a different one has its numbers."""
        self._store.run(
            "INSERT OR IGNORE INTO wechat_orders (transaction_id, out_trade_no, amount_minor, paid_at)"
            " VALUES (?, ?, ?, ?)",
            *(order.transaction_id, order.out_trade_no, order.amount_minor, order.paid_at),
        )
        kept = self.order(order.transaction_id)
        same = kept and (kept.out_trade_no, kept.amount_minor) == (order.out_trade_no, order.amount_minor)
        return kept if same else None

    def mark_payer(self, transaction_id: str, *, abnormal: bool) -> None:
        """Close or freeze the payer's account, or make it usable again."""
        sql = "UPDATE wechat_orders SET payer_abnormal = ? WHERE transaction_id = ?"
        self._store.run(sql, abnormal, transaction_id)

    def refund(self, number: str) -> Refund | None:
        """The refund of the merchant's number, or of WeChat Pay's own."""
        sql = "SELECT * FROM wechat_refunds WHERE out_refund_no = ?1 OR refund_id = ?1"
        row = self._store.row(sql, number)
        return None if row is None else refund_of(row)

    def write(self, refund: Refund) -> None:
        """Add a refund, or write down what became of it."""
        row = asdict(refund)
        names, places = ", ".join(row), ", ".join("?" * len(row))
        changes = ", ".join(f"{name} = excluded.{name}" for name in row)
        self._store.run(
            f"INSERT INTO wechat_refunds ({names}) VALUES ({places})"  # noqa: S608 - the names are the dataclass's
            f" ON CONFLICT (refund_id) DO UPDATE SET {changes}",
            *row.values(),
        )

    def refunds(self, transaction_id: str | None = None) -> list[Refund]:
        """The refunds of one order or of all, oldest first."""
        sql = "SELECT * FROM wechat_refunds WHERE ?1 IS NULL OR transaction_id = ?1 ORDER BY position"
        return [refund_of(row) for row in self._store.rows(sql, transaction_id)]

    def settling(self, until: float) -> list[Refund]:
        """The refunds that reach their end by themselves up to a moment of real time."""
        sql = "SELECT * FROM wechat_refunds WHERE status = ? AND settle_at <= ? ORDER BY position"
        return [refund_of(row) for row in self._store.rows(sql, Status.PROCESSING, until)]

    def next_settling(self) -> float | None:
        """When the next refund reaches its end by itself, in real time."""
        sql = "SELECT MIN(settle_at) AS at FROM wechat_refunds WHERE status = ?"
        row = self._store.row(sql, Status.PROCESSING)
        return None if row is None or row["at"] is None else float(row["at"])

    def keep_bill(self, token: str, content: str, *, packed: bool) -> None:
        """Keep a bill for its download."""
        self._store.run("INSERT INTO wechat_bills VALUES (?, ?, ?)", token, content, packed)

    def bill(self, token: str) -> tuple[str, bool] | None:
        """A bill that was asked for, and whether it is to be packed."""
        row = self._store.row("SELECT content, packed FROM wechat_bills WHERE token = ?", token)
        return None if row is None else (str(row["content"]), bool(row["packed"]))

    def script_refusal(self, code: str, status: int | None, method: str, leg: str | None, times: int | None) -> None:
        """Have the next matching calls refused with a code; ``times=None``: all of them."""
        self._store.run(
            "INSERT INTO wechat_refusals (code, status, method, leg, times) VALUES (?, ?, ?, ?, ?)",
            *(code, status, method, leg, times),
        )

    def clear_refusals(self) -> None:
        """Refuse nothing any more that was scripted."""
        self._store.run("DELETE FROM wechat_refusals")

    def take_refusal(self, method: str, leg: str | None) -> tuple[str, int | None] | None:
        """The scripted refusal of a call, its code and status, used up if it was scripted a number of times."""
        row = self._store.row(
            "SELECT * FROM wechat_refusals WHERE method IN (?1, '*') AND (leg IS NULL OR leg = ?2) ORDER BY id LIMIT 1",
            method,
            leg,
        )
        if row is None:
            return None
        self._store.run("UPDATE wechat_refusals SET times = times - 1 WHERE id = ?", row["id"])
        self._store.run("DELETE FROM wechat_refusals WHERE times <= 0")
        return str(row["code"]), row["status"]
