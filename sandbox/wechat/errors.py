"""WeChat Pay's refusals, with the status and code of its reference (申请退款, section 错误码)."""

from dataclasses import dataclass

from sandbox.wechat.objects import Json

STATUS_OF = {
    "SYSTEM_ERROR": 500,
    "FREQUENCY_LIMITED": 429,
    "RESOURCE_NOT_EXISTS": 404,
    "MCH_NOT_EXISTS": 404,
    "NOT_ENOUGH": 403,
    "NO_AUTH": 403,
    "REQUEST_BLOCKED": 403,
    "TRADE_OVERDUE": 403,
    "USER_ACCOUNT_ABNORMAL": 403,
    "SIGN_ERROR": 401,
}
OTHER_STATUS = 400


@dataclass(eq=False)
class WeChatError(Exception):
    """One refusal; nothing was executed by the call that met it, unless a fault says so."""

    code: str
    message: str
    status: int = 0
    detail: Json | None = None

    def __post_init__(self) -> None:
        self.status = self.status or STATUS_OF.get(self.code, OTHER_STATUS)

    def body(self) -> Json:
        """The error body; ``detail`` is left out where there is none."""
        body: Json = {"code": self.code, "message": self.message}
        return body if self.detail is None else {**body, "detail": self.detail}


def wrong_field(field: str, issue: str, value: object) -> WeChatError:
    """A field that is missing or malformed."""
    detail: Json = {"location": "body", "value": value, "field": f"/{field}", "issue": issue}
    return WeChatError("PARAM_ERROR", f"参数错误：{issue}", detail=detail)


def not_signed(issue: str) -> WeChatError:
    """The request's signature does not hold."""
    detail: Json = {"field": "signature", "location": "authorization", "issue": issue}
    return WeChatError("SIGN_ERROR", "签名错误，请检查签名参数和方法", detail=detail)


def system_error() -> WeChatError:
    """Whether it was executed, the answer does not say."""
    return WeChatError("SYSTEM_ERROR", "系统超时，请使用相同参数再次调用")


def too_frequent() -> WeChatError:
    """More calls than allowed, or the next refund of an order too soon."""
    return WeChatError("FREQUENCY_LIMITED", "频率限制，该笔退款未受理，请降低频率后重试")


def no_such_path(method: str, path: str) -> WeChatError:
    """A path this sandbox does not serve."""
    return WeChatError("RESOURCE_NOT_EXISTS", f"接口不存在：{method} {path}")


def no_such_order() -> WeChatError:
    """No paid order of that number."""
    return WeChatError("RESOURCE_NOT_EXISTS", "订单号不存在")


def no_such_refund() -> WeChatError:
    """No refund of that number."""
    return WeChatError("RESOURCE_NOT_EXISTS", "退款单不存在")


def other_amounts(code: str) -> WeChatError:
    """The number was used with other amounts, or the total is not the order's."""
    return WeChatError(code, "订单金额或退款金额与之前请求不一致，请核实后再试")


def over_amount() -> WeChatError:
    """More than the order has left."""
    return WeChatError("INVALID_REQUEST", "申请退款金额超过订单可退金额")


def too_many_parts(most: int) -> WeChatError:
    """As many refunds of one order as there may be."""
    return WeChatError("INVALID_REQUEST", f"订单部分退款次数已达上限{most}次")


def overdue() -> WeChatError:
    """The order is older than refunds go back."""
    return WeChatError("TRADE_OVERDUE", "订单已经超过退款期限")


def payer_abnormal() -> WeChatError:
    """The payer's account is closed or frozen."""
    return WeChatError("USER_ACCOUNT_ABNORMAL", "用户账户异常或注销，可自行处理退款")


def not_enough() -> WeChatError:
    """The merchant's balance does not cover the refund."""
    return WeChatError("NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")


def not_abnormal() -> WeChatError:
    """The abnormal-refund call is for refunds in that state alone."""
    return WeChatError("INVALID_REQUEST", "退款单状态不是退款异常，不能发起异常退款")
