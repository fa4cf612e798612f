"""What may be said with each act, made up from how a case stands: one entry for every verb."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from models.case import Case, Task
from routing.evidence import rules
from tests.routing.towns import FLAGS, TYPES

Said = dict[str, Any]
#: What mostly comes next once something was done: the answer to a wish, the next step of a road.
NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "accept": ("sign",),
    "sign": ("submit", "contact", "request_return", "suspend", "request_extension"),
    "submit": ("approve",),
    "close": ("callback", "archive", "look_back", "judge", "ask_review", "propose_reward"),
    "judge": ("settle_judgement",),
    "split": ("unsplit", "reject", "transfer"),
    "merge": ("unmerge",),
    "request_return": ("approve_return", "deny_return", "negotiate", "adjudicate"),
    "approve_return": ("redispatch", "reject", "transfer", "split"),
    "deny_return": ("request_return",),
    "redispatch": ("request_return",),
    "request_extension": ("grant_extension", "deny_extension"),
    "suspend": ("grant_suspension", "deny_suspension"),
    "grant_suspension": ("resume",),
    "ask_supplement": ("note_supplement",),
    "ask_review": ("decide_review",),
    "decide_review": ("ask_recheck",),
    "ask_recheck": ("decide_recheck",),
    "urge": ("feedback", "settle_order"),
    "supervise": ("feedback", "settle_order"),
    "ledger": ("report_progress", "release"),
    "notice": ("receive_document",),
    "mark_key": ("own", "elevate"),
    "name_accused": ("open_pollution",),
    "open_emergency": (
        "tell_emergency",
        "receive_emergency",
        "report_emergency",
        "reject",
        "merge",
    ),
    "report_emergency": ("report_emergency", "end_emergency"),
    "ask_exclusion": ("grant_exclusion", "deny_exclusion"),
    "grant_exclusion": ("revoke_exclusion",),
    "propose_reward": ("approve_reward",),
    "approve_reward": ("tell_reward",),
    "tell_reward": ("claim_reward",),
    "claim_reward": ("pay_reward",),
    "request_monitoring": ("report_monitoring",),
    "report_crime": ("decide_crime",),
    "decide_crime": ("transfer_crime",),
    "transfer_crime": ("note_police",),
    "find_hazwaste": ("report_hazwaste",),
    "register_disclosure": ("pause_clock", "answer_disclosure", "extend_clock"),
    "pause_clock": ("resume_clock",),
    "propose_joint": ("conclude_joint",),
    "conclude_joint": ("dispatch_joint",),
    "list_inspection": ("issue_rectification",),
    "issue_rectification": ("report_rectification",),
    "report_rectification": ("accept_rectification",),
    "accept_rectification": ("publish_inspection",),
    "ask_grid": ("grid_report", "withdraw_grid"),
    "restrict": ("admit", "lift_restriction"),
}
_OVER: Final = ("DONE", "RETURNED", "WITHDRAWN")
_OPEN_TASKS: Final = ("DISPATCHED", "SIGNED", "IN_PROGRESS", "SUBMITTED")
_RETURNS: Final = ("R1", "R2", "R3", "R4", "R5", "R6")
_REFUSALS: Final = ("NA1", "NA2", "NA3", "NA4", "NA5", "NA6", "NA7", "NA8")
#: What there is of a case that some acts must name, newest first: read before such an act is tried.
ASKED: Final[Mapping[str, str]] = {
    "receive_letter": "SELECT number FROM letter WHERE case_no = $1",
    "answer_letter": "SELECT number FROM letter WHERE case_no = $1",
    "receive_document": "SELECT number FROM press_document WHERE case_no = $1",
    "tell_emergency": "SELECT n FROM emergency_notice WHERE emergency_no = $1",
    "join_emergency": "SELECT emergency_no FROM emergency WHERE emergency_no <> $1",
    "report_crime": "SELECT attachment_id FROM attachment WHERE case_no = $1",
    "report_monitoring": "SELECT n FROM monitoring WHERE case_no = $1 AND reported_at IS NULL",
    "conclude_joint": "SELECT n FROM joint_action WHERE case_no = $1 AND concluded_at IS NULL",
    "dispatch_joint": "SELECT n FROM joint_action WHERE case_no = $1 AND lead_unit IS NOT NULL",
    "grid_report": "SELECT n FROM grid_check WHERE case_no = $1 AND state = 'asked'",
    "withdraw_grid": "SELECT n FROM grid_check WHERE case_no = $1 AND state = 'asked'",
    "extend_clock": "SELECT unnest(ARRAY['K08', 'K39']) WHERE $1::bigint > 0",
    "pause_clock": "SELECT unnest(ARRAY['K27', 'K39']) WHERE $1::bigint > 0",
    "resume_clock": "SELECT unnest(ARRAY['K27', 'K39']) WHERE $1::bigint > 0",
    "trace_source": "SELECT attachment_id FROM attachment WHERE case_no = $1",
    "release": "SELECT attachment_id FROM attachment WHERE case_no = $1",
}


class Scene(msgspec.Struct, frozen=True):
    """A case at the moment at which something is tried with it.

    `units` are all of the city, `cases` the numbers of all there are, `found` what was read.
    """

    dice: random.Random
    at: datetime
    case: Case
    tasks: Sequence[Task]
    units: Sequence[str]
    adcodes: Sequence[str]
    cases: Sequence[int]
    found: Sequence[Any]

    def unit(self) -> str:
        """Pick a unit, mostly one that had a part in the case."""
        own = [task.unit for task in self.tasks]
        return self.dice.choice(own if own and self.dice.random() < 0.4 else self.units)

    def helper(self) -> int:
        """Pick the number of a task that is open and helps, or any."""
        open_ones = [t.task_no for t in self.tasks if t.state in _OPEN_TASKS and not t.is_lead]
        return self.dice.choice(open_ones or [1, 2])

    def other(self) -> int:
        """Pick another case."""
        return self.dice.choice([no for no in self.cases if no != self.case.case_no] or [1])

    def thing(self) -> Any:
        """Pick one of what was read."""
        return self.dice.choice(self.found or [1])

    def past(self, hours: int = 1) -> str:
        """Give a moment some hours ago."""
        return (self.at - timedelta(hours=hours)).isoformat()


def _accept(s: Scene) -> Said:
    if s.dice.random() < 0.5:
        return {"dispatch": s.dice.random() < 0.8}
    lead, helper = s.unit(), s.unit()
    return {"lead_unit": lead, "cooperating": [helper] if helper != lead else [], "reason": "人定"}


def _dispatch(s: Scene) -> Said:
    return {k: v for k, v in _accept(s).items() if k != "dispatch"}


def _parts(s: Scene) -> Said:
    types = s.dice.sample(TYPES, s.dice.randint(2, 3))
    return {
        "parts": [
            {"types": [code], "lead_unit": s.unit()}
            if s.dice.random() < 0.8
            else {"types": [code], "kind": "ZX", "dispatch": False}
            for code in types
        ],
        "reason": "一件多事",
    }


def _result(s: Scene) -> Said:
    outcome = s.dice.choice(("true", "true", "partly_true", "not_true", "not_competent"))
    said = {"outcome": outcome, "reply_text": "已处理", "reply_method": "phone"}
    return said | {"measures": ["order"]}


def _return(s: Scene) -> Said:
    basis = f"三定规定,见 ENV-{s.case.city}-20261120-000001"
    wish = {"proposed_unit": s.unit()} if s.dice.random() < 0.6 else {}
    return {"reason": s.dice.choice(_RETURNS), "basis": basis, **wish}


def _order(s: Scene) -> Said:
    return {"demand": f"请尽快办理{s.dice.randrange(99)}"}


def _visit(s: Scene) -> Said:
    return {
        "at": s.past(),
        "people": ["张工", "李工"],
        "place": "厂门口",
        "found": s.dice.random() < 0.6,
        "finding": "已现场核查",
    }


def _call(s: Scene) -> Said:
    if s.dice.random() < 0.2:
        return {"connected": False}
    solved = s.dice.random() < 0.5
    said = {"connected": True, "contacted": True, "solved": solved, "satisfaction": 5}
    return said if solved else said | {"redo": s.dice.random() < 0.7, "reason": "仍有异味"}


def _inspection(s: Scene) -> Said:
    ref = f"X3YN20261120{s.dice.randrange(10**4):04}"
    return {"ref": ref, "assigned_at": s.past(), "pollution": "大气", "content": "某厂夜间排放"}


def _rectification(s: Scene) -> Said:
    said = {"responsible": "王某", "unit": s.case.lead_unit or s.unit(), "target": "达标"}
    return said | {"measures": "安装治理设施", "deadline": "2027-01-31"}


def _emergency(s: Scene) -> Said:
    return {"trigger": "river", "summary": "河面有油", "water": s.dice.random() < 0.5}


def _police(s: Scene) -> Said:
    return {"filed": s.dice.random() < 0.5, "document": "立字〔2026〕1号"}


def _monitored(s: Scene) -> Said:
    said = {"n": s.thing(), "report_no": "监〔2026〕1号", "sampled_at": s.past()}
    return said | {"exceeded": s.dice.random() < 0.5, "summary": "见报告"}


def _concluded(s: Scene) -> Said:
    said = {"n": s.thing(), "held_at": s.past(), "participants": [s.unit(), "市检察院"]}
    said |= {"conclusion": "由其主办", "document": f"纪要{s.dice.randrange(99)}号"}
    return said | ({"lead_unit": s.unit()} if s.dice.random() < 0.8 else {})


def _grid_said(s: Scene) -> Said:
    said = {"n": s.thing(), "result": "true", "finding": "现场有油烟", "found_at": s.at.isoformat()}
    return said | {"lon": 113.0, "lat": 28.2, "datum": "WGS-84"}


def _judgement(s: Scene) -> Said:
    return {"solved": s.dice.random() < 0.5, "satisfaction": s.dice.randint(1, 5)}


def _looked(s: Scene) -> Said:
    result = s.dice.choice(("held", "rebound"))
    return {"result": result, "unit": s.unit(), "finding": "已到现场回头看"}


def _always(**said: Any) -> Callable[[Scene], Said]:
    return lambda _scene: dict(said)


_STEP: Final = _always(note="已办理", document="文〔2026〕1号", addressees=["省厅"])
_PETITION: Final = _always(text="申请复查", organ="市政府")
_SHOWN: Final = _always(note="已登记")

#: What to say with each verb.
SAY: Final[Mapping[str, Callable[[Scene], Said]]] = {
    "accept": _accept,
    "correct": lambda s: {"urgency": s.dice.choice(("P1", "P2", "P3")), "reason": "已核实"},
    "dispatch": _dispatch,
    "reject": lambda s: {"code": s.dice.choice(_REFUSALS), "notice": "依法不予受理"},
    "transfer": _always(destination="住建部门"),
    "sign": _always(handler="张工"),
    "contact": _always(method="phone", result="reached"),
    "submit": _result,
    "request_return": _return,
    "approve_return": _always(),
    "deny_return": lambda s: {"note": "属你单位职责", "no_return": s.dice.random() < 0.2},
    "redispatch": lambda s: {"lead_unit": s.unit(), "reason": "改派"},
    "withdraw": lambda s: {"task_no": s.helper(), "reason": "无须协办"},
    "approve": _always(),
    "rework": _always(reason="证据不足"),
    "close": lambda s: {"reply_text": "已答复"} if s.dice.random() < 0.5 else {},
    "secure": _always(step="evidence", note="已取证"),
    "negotiate": lambda s: {"lead_unit": s.unit(), "note": "双方同意"},
    "adjudicate": lambda s: {
        "lead_unit": s.unit(),
        "document": f"裁〔2026〕{s.dice.randrange(99)}号",
        "reason": "会商确定",
        "body": s.dice.choice(("HOT", "COORD")),
    },
    "escalate_dispute": _always(reason="双方不能一致"),
    "share": lambda s: {"adcode": s.dice.choice(s.adcodes), "basis": "boundary", "distance_m": 80},
    "send_letter": lambda s: {"to_name": f"某市{s.dice.randrange(99)}局", "body": "请予协助"},
    "receive_letter": lambda s: {"number": str(s.thing()), "received_by": "收发室"},
    "answer_letter": lambda s: {"number": str(s.thing()), "reply": "已阅"},
    "name_accused": lambda s: {"units": [s.unit()], "reason": "举报该单位"},
    "open_pollution": lambda s: {"text": f"河边有{s.dice.randrange(99)}处排口"},
    "split": _parts,
    "unsplit": _always(reason="是一件事"),
    "consolidate": _always(),
    "merge": lambda s: {"into": s.other(), "reason": "同一家厂"},
    "unmerge": _always(reason="不是同一家"),
    "relate": lambda s: {"to": s.other(), "kind": "repeat", "reason": "同一家厂"},
    "unrelate": lambda s: {"to": s.other(), "reason": "另一家"},
    "urge_helper": lambda s: {"helper_no": s.helper()},
    "ask_waiver": lambda s: {"helper_no": s.helper(), "reason": "不回复"},
    "waive": lambda s: {"task_no": s.helper(), "reason": "不回复"},
    "request_extension": lambda s: {"n": s.dice.randint(1, 8), "reason": "待设备", "told": "phone"},
    "grant_extension": _always(),
    "deny_extension": _always(note="时间足够"),
    "extend_clock": lambda s: {"code": s.thing(), "n": s.dice.randint(1, 30), "reason": "情况复杂"},
    "pause_clock": lambda s: {
        "code": s.thing(),
        "reason": s.dice.choice(("hearing", "third_party")),
        "ends_when": "听证结束",
        "days": s.dice.randint(1, 15),
    },
    "resume_clock": lambda s: {"code": s.thing(), "reason": "听证结束"},
    "suspend": lambda s: {
        "reason": s.dice.choice(("monitoring", "appraisal", "judicial")),
        "ends_when": "报告出具",
        "days": s.dice.randint(1, 20),
    },
    "grant_suspension": _always(),
    "deny_suspension": _always(note="无须停表"),
    "resume": _always(reason="监测完成"),
    "ask_supplement": _always(question="何时最重"),
    "note_supplement": _always(text="夜里"),
    "ask_review": _PETITION,
    "decide_review": _PETITION,
    "ask_recheck": _PETITION,
    "decide_recheck": _PETITION,
    "urge": _order,
    "supervise": lambda s: _order(s) | {"grade": s.dice.choice(("general", "key"))},
    "settle_order": _always(note="已办结"),
    "feedback": _always(answer="正在整改"),
    "ledger": _always(conditions="设备拆除", keeper="王督办"),
    "release": lambda s: {"note": "已拆除", "evidence": [str(one) for one in s.found[:1]]},
    "report_progress": _always(progress="已完成一半"),
    "strike_name": _always(reason="已补报"),
    "remind": _order,
    "interview": lambda s: _order(s) | {"skip_reason": "情节严重"},
    "notice": lambda s: _order(s) | {"skip_reason": "情节严重"},
    "receive_document": lambda s: {"number": str(s.thing()), "received_by": "办公室"},
    "mark_key": lambda s: {"reason": s.dice.choice(("media", "leadership", "repeated"))},
    "elevate": _always(),
    "own": _always(leader="李某 副市长"),
    "open_emergency": _emergency,
    "join_emergency": lambda s: {"emergency_no": s.thing()},
    "emergency_call": _always(lines=["12345", "119"], said="商定立即到场"),
    "tell_emergency": lambda s: {"notices": list(s.found) or [1], "how": "电话"},
    "receive_emergency": _SHOWN,
    "arrive_emergency": _SHOWN,
    "grade_emergency": _always(level="IV", reason="影响较小"),
    "report_emergency": lambda s: {
        "kind": s.dice.choice(("first", "follow", "final")),
        "addressees": ["市政府"],
        "text": "情况如下",
    },
    "end_emergency": _always(note="已处置"),
    "callback": _call,
    "judge": _judgement,
    "settle_judgement": lambda s: {"redo": s.dice.random() < 0.7, "reason": "理由成立"},
    "archive": _always(),
    "spot_check": _always(passed=True, note="已抽查"),
    "ask_exclusion": _always(cause="unreasonable", reason="诉求不合理"),
    "grant_exclusion": _always(),
    "deny_exclusion": _always(note="不符合"),
    "revoke_exclusion": _always(note="核查不实"),
    "propose_reward": _always(fine="50000", document="罚〔2026〕1号"),
    "approve_reward": _always(),
    "tell_reward": _always(how="电话告知"),
    "claim_reward": _always(digest="a" * 64),
    "pay_reward": _always(code="12345678"),
    "visit": _visit,
    "request_monitoring": _always(station="市监测站", what="臭气浓度"),
    "report_monitoring": _monitored,
    "self_check": _always(items={item.code: "已自查" for item in rules().items}),
    "look_back": _looked,
    "report_crime": _always(facts="暗管排放", items=["采样记录"]),
    "decide_crime": lambda s: {
        "approved": s.dice.random() < 0.7,
        "head": "局长",
        "reason": "事实清楚",
    },
    "transfer_crime": _always(document="移〔2026〕1号", recipient="市公安局"),
    "note_police": _police,
    "find_hazwaste": _STEP,
    "report_hazwaste": _STEP,
    "register_evidence": _STEP,
    "decide_evidence": _STEP,
    "find_offence": _STEP,
    "open_penalty": _STEP,
    "refuse_penalty": _STEP,
    "decide_penalty": _STEP,
    "register_disclosure": _STEP,
    "answer_disclosure": _STEP,
    "propose_joint": lambda s: {
        "kind": s.dice.choice(("check", "consultation", "meeting")),
        "topic": "会商主办",
        "invited": [s.unit()],
    },
    "conclude_joint": _concluded,
    "dispatch_joint": lambda s: {"n": s.thing()},
    "list_inspection": _inspection,
    "issue_rectification": _rectification,
    "report_rectification": _always(progress="已整改", self_check="已自查"),
    "accept_rectification": _always(acceptance="验收合格"),
    "publish_inspection": _SHOWN,
    "ask_grid": lambda s: {"grid": s.case.city, "place": "路口", "what": "有无油烟"},
    "grid_report": _grid_said,
    "withdraw_grid": lambda s: {"n": s.thing(), "reason": "已自行核实"},
    "trace_source": lambda s: {
        "source": "某厂排口",
        "record": "sniffing",
        "at": s.past(),
        "people": ["张工", "李工"],
        "evidence": [str(one) for one in s.found[:1]],
    },
    "hand_over": lambda s: {"unit": s.unit(), "reason": "来源在其辖区"},
    "restrict": _always(reason="举报人须保护"),
    "admit": _always(username="desk-one", reason="指定经办"),
    "lift_restriction": _always(reason="已无必要"),
}


def flags(dice: random.Random) -> tuple[str, ...]:
    """Give flags that a reader may have seen."""
    return tuple(dice.sample(FLAGS, dice.randint(0, 2)))
