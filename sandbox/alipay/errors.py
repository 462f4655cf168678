"""Alipay's refusals: the gateway's own codes, and the business codes of each interface in ``sub_code``.

https://docs.open.alipay.com/common/105806; the wording of ``sub_msg`` as published, for nobody may branch on it.
"""

from dataclasses import dataclass

from sandbox.alipay.objects import Json

MESSAGES = {
    "10000": "Success",
    "20000": "Service Currently Unavailable",
    "20001": "Insufficient Token Permissions",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40003": "Insufficient Conditions",
    "40004": "Business Failed",
    "40005": "Call Limited",
    "40006": "Insufficient Permissions",
}
SUB_MESSAGES = {
    "isp.unknow-error": "系统繁忙",
    "aop.unknow-error": "系统繁忙",
    "isv.app-call-limited": "应用调用次数超限",
    "isv.missing-method": "缺少方法名参数",
    "isv.missing-app-id": "缺少应用ID参数",
    "isv.missing-signature": "缺少签名参数",
    "isv.missing-timestamp": "缺少时间戳参数",
    "isv.missing-version": "缺少版本参数",
    "isv.invalid-method": "不存在的方法名",
    "isv.invalid-app-id": "无效的AppID参数",
    "isv.invalid-signature": "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配",
    "isv.invalid-signature-type": "无效的签名类型",
    "isv.invalid-timestamp": "非法的时间戳参数",
    "isv.invalid-charset": "字符集错误",
    "isv.invalid-parameter": "参数无效",
    "ACQ.SYSTEM_ERROR": "系统错误",
    "ACQ.INVALID_PARAMETER": "参数无效",
    "ACQ.TRADE_NOT_EXIST": "交易不存在",
    "ACQ.TRADE_STATUS_ERROR": "交易状态非法",
    "ACQ.TRADE_HAS_CLOSE": "交易已关闭",
    "ACQ.TRADE_HAS_FINISHED": "交易已完结",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "退款金额超限",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "请求信息不一致",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "卖家余额不足",
    "ACQ.BUYER_NOT_EXIST": "买家不存在",
    "ACQ.BUYER_ENABLE_STATUS_FORBID": "买家状态异常",
    "TRADE_NOT_EXIST": "查询退款的交易不存在",
    "SYSTEM_ERROR": "系统繁忙",
    "INVALID_PARAMETER": "参数有误",
    "PAYMENT_INFO_INCONSISTENCY": "两次请求商户单号一样，但是参数不一致",
    "PAYER_BALANCE_NOT_ENOUGH": "付款方余额不足",
    "PAYEE_NOT_EXIST": "收款用户不存在",
    "PAYEE_USER_INFO_ERROR": "支付宝账号和姓名不匹配，请确认姓名是否正确",
    "PAYEE_ACCOUNT_STATUS_ERROR": "收款方账号异常",
    "PAYEE_ACC_OCUPIED": "收款方登录号有多个支付宝账号，无法确认唯一收款账号",
    "PERM_AML_NOT_REALNAME_REV": "根据监管部门的要求，需要收款用户补充身份信息才能继续操作",
    "EXCEED_LIMIT_SM_MIN_AMOUNT": "单笔最低转账金额0.1元",
    "EXCEED_LIMIT_PERSONAL_SM_AMOUNT": "超出转账给个人支付宝账户的单笔限额",
    "ORDER_NOT_EXIST": "转账订单不存在",
    "BILL_NOT_EXIST": "账单不存在",
}


@dataclass(eq=False)
class AlipayError(Exception):
    """One refusal. ``sub_code`` is empty for none."""

    sub_code: str
    code: str = "40004"

    def body(self) -> Json:
        """The response node; an unknown code has itself for its wording."""
        return {
            "code": self.code,
            "msg": MESSAGES[self.code],
            "sub_code": self.sub_code,
            "sub_msg": SUB_MESSAGES.get(self.sub_code, self.sub_code),
        }


def unavailable() -> AlipayError:
    """The gateway's own failure: whether the business executed, it does not say."""
    return AlipayError("isp.unknow-error", "20000")


def call_limited() -> AlipayError:
    """Too many calls, or refunds of one trade too close together."""
    return AlipayError("isv.app-call-limited", "40005")


def missing(name: str) -> AlipayError:
    """A public parameter that is not there."""
    return AlipayError(f"isv.missing-{name}", "40001")


def invalid(name: str) -> AlipayError:
    """A public parameter that is wrong."""
    return AlipayError(f"isv.invalid-{name}", "40002")
