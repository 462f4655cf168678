import pytest
from pydantic import ValidationError

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Appeal, Decision, Proven, Withdrawal
from aftersales.contract.numbers import number_for
from aftersales.contract.values import DecisionKind, ErrorCode, Role
from aftersales.proof import Keyring, ProofKey, sign

NUMBER, OTHER_NUMBER = number_for("shop", "1"), number_for("shop", "2")
PORTAL = ProofKey("portal", "what the portal knows", frozenset({Role.CUSTOMER}))
DESK = ProofKey("desk", "what the agents' desk knows")
KEYRING = Keyring([PORTAL, DESK])
APPROVAL = Decision(kind=DecisionKind.APPROVE)


def _signed(key: ProofKey = DESK, role: Role = Role.AGENT) -> Decision:
    return sign(APPROVAL, number=NUMBER, actor="agent-3", role=role, key=key)


def _refusal(message: Proven, number: str = NUMBER, keyring: Keyring = KEYRING) -> ErrorCode:
    with pytest.raises(AftersalesError) as refused:
        keyring.verify(message, number)
    return refused.value.code


def test_a_signed_message_tells_who_says_it() -> None:
    proof = KEYRING.verify(_signed(), NUMBER)
    assert (proof.actor, proof.role, proof.key_id) == ("agent-3", Role.AGENT, "desk")


def test_a_message_that_was_sent_as_json_still_holds() -> None:
    received = Decision.model_validate_json(_signed().model_dump_json())
    assert KEYRING.verify(received, NUMBER).actor == "agent-3"


def test_a_bare_message_counts_for_nothing() -> None:
    assert _refusal(APPROVAL) is ErrorCode.PROOF_MISSING


def test_a_changed_message_is_refused() -> None:
    changed = _signed().model_copy(update={"kind": DecisionKind.REJECT})
    assert _refusal(changed) is ErrorCode.PROOF_INVALID


@pytest.mark.parametrize(
    "change", [{"actor": "agent-4"}, {"role": Role.ADMIN}, {"at": 1}, {"nonce": "0" * 32}, {"mac": "0" * 64}]
)
def test_a_proof_of_which_anything_was_changed_is_refused(change: dict[str, object]) -> None:
    signed = _signed()
    assert signed.proof is not None
    forged = signed.model_copy(update={"proof": signed.proof.model_copy(update=change)})
    assert _refusal(forged) is ErrorCode.PROOF_INVALID


def test_a_proof_for_one_case_is_refused_by_another() -> None:
    assert _refusal(_signed(), OTHER_NUMBER) is ErrorCode.PROOF_INVALID


def test_a_proof_for_one_kind_of_message_is_refused_for_another() -> None:
    appeal = sign(Appeal(explanation="no"), number=NUMBER, actor="C-7", role=Role.CUSTOMER, key=DESK)
    withdrawal = Withdrawal(explanation="no", proof=appeal.proof)
    assert withdrawal.body_digest() == appeal.body_digest()
    assert _refusal(withdrawal) is ErrorCode.PROOF_INVALID


def test_a_key_vouches_only_for_its_roles() -> None:
    assert _refusal(_signed(PORTAL, Role.AGENT)) is ErrorCode.ROLE_NOT_ALLOWED


def test_another_secret_under_a_known_key_id_is_refused() -> None:
    assert _refusal(_signed(ProofKey("desk", "what an intruder guesses"))) is ErrorCode.PROOF_INVALID


def test_during_a_rotation_the_old_and_the_new_key_hold_and_after_it_only_the_new_one() -> None:
    new = ProofKey("desk-2", "what the desk knows from today on")
    both, after = Keyring([DESK, new]), Keyring([new])
    assert both.verify(_signed(DESK), NUMBER).key_id == "desk"
    assert both.verify(_signed(new), NUMBER).key_id == "desk-2"
    assert after.verify(_signed(new), NUMBER).key_id == "desk-2"
    assert _refusal(_signed(DESK), keyring=after) is ErrorCode.PROOF_INVALID


def test_no_two_proofs_of_the_same_message_are_the_same() -> None:
    one, other = _signed().proof, _signed().proof
    assert one is not None
    assert other is not None
    assert one.nonce != other.nonce
    assert one.mac != other.mac


@pytest.mark.parametrize("actor", ["agent-\ud800", "", "two words"])
def test_an_actor_that_is_no_id_is_refused_by_the_rule_for_ids(actor: str) -> None:
    with pytest.raises(ValidationError, match="actor"):
        sign(APPROVAL, number=NUMBER, actor=actor, role=Role.AGENT, key=DESK)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        ProofKey("desk", "short")


def test_a_key_does_not_show_its_secret() -> None:
    assert "agents' desk" not in repr(DESK)


def test_the_time_of_the_login_is_part_of_what_is_proven() -> None:
    signed = sign(APPROVAL, number=NUMBER, actor="agent-3", role=Role.AGENT, key=DESK, authenticated_at=1_760_000_000)
    assert KEYRING.verify(signed, NUMBER).authenticated_at == 1_760_000_000
    assert signed.proof is not None
    for other in (0, 1_760_000_001):
        forged = signed.model_copy(update={"proof": signed.proof.model_copy(update={"authenticated_at": other})})
        assert _refusal(forged) is ErrorCode.PROOF_INVALID


def test_a_proof_of_a_version_that_knew_no_time_of_login_still_holds() -> None:
    signed = _signed()
    assert signed.proof is not None
    old = signed.proof.model_dump(mode="json")
    del old["authenticated_at"]
    received = Decision.model_validate({**APPROVAL.model_dump(mode="json"), "proof": old})
    assert KEYRING.verify(received, NUMBER).authenticated_at == 0


def test_a_proof_cannot_be_told_again_with_its_time_of_login_moved_into_its_nonce() -> None:
    """Both ways the same text is signed; the nonce would be another one, and the message heard twice."""
    signed = sign(APPROVAL, number=NUMBER, actor="agent-3", role=Role.AGENT, key=DESK, authenticated_at=1_760_000_000)
    assert signed.proof is not None
    moved = {"nonce": f"{signed.proof.nonce}\n1760000000", "authenticated_at": 0}
    again = signed.model_copy(update={"proof": signed.proof.model_copy(update=moved)})
    assert _refusal(again) is ErrorCode.PROOF_INVALID


async def test_a_key_signs_for_its_roles_alone() -> None:
    signed = await DESK.signed(APPROVAL, number=NUMBER, actor="agent-3", role=Role.AGENT)
    assert KEYRING.verify(signed, NUMBER).actor == "agent-3"
    with pytest.raises(AftersalesError) as refused:
        await PORTAL.signed(APPROVAL, number=NUMBER, actor="agent-3", role=Role.AGENT)
    assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED


def test_the_keyring_knows_whose_people_are_accounts_of_ours() -> None:
    staff = ProofKey("staff", "what the signing service knows", staff=True)
    keyring = Keyring([DESK, staff])
    assert not keyring.vouches_for_staff(keyring.verify(_signed(), NUMBER))
    assert keyring.vouches_for_staff(keyring.verify(_signed(staff), NUMBER))
