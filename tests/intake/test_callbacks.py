from typing import Any

import msgspec
import pytest

from models.db.pool import Database
from tests.intake.kit import CITY
from tests.intake.receiver import PlatformReceiver
from tests.intake.telling import Start, open_case, tell


class TestMessages:
    async def told(
        self,
        db: Database,
        platform: PlatformReceiver,
        start: Start,
        kind: str,
        source: str = "12345",
        **body: Any,
    ) -> tuple[str, dict[str, Any]]:
        """Tell a platform one thing and give type and fields of what it got."""
        payload = {
            "sender": "NATL",
            "report": {"report_id": "R1", "event_number": "E1", "content": "x"},
        }
        case_no = await open_case(db, source, external_no="EXT-1", payload=payload)
        await tell(db, case_no, kind, **body)
        start()
        (got,) = await platform.wait(1)
        return got.kind, got.fields

    async def test_12345_hears_of_acceptance_as_progress(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Acceptance is progress for 12345, which has no word for it."""
        due = "2026-12-11T23:59:59+08:00"
        kind, told = await self.told(
            db, platform, start, "ACCEPT", accepted=True, unit="某局", due_at=due
        )
        assert (kind, told["progress"], told["orderNo"]) == ("PROGRESS", "ACCEPTED", "EXT-1")
        assert (told["organizationName"], told["deadlineDate"]) == ("某局", due)
        assert told["ticketNo"].startswith(f"ENV-{CITY}-")

    @pytest.mark.parametrize(
        "step",
        [
            ("SIGN", {"unit": "某局", "handler": "经办甲"}, {"handlerName": "经办甲"}),
            (
                "RETURN_REQ",
                {"reason": "not_ours", "text": "依据", "proposed_unit": "另一局"},
                {"reason": "not_ours", "opinion": "依据", "proposedOrganizationName": "另一局"},
            ),
            ("RETURN_RESULT", {"accepted": False, "text": "不同意"}, {"approved": 0}),
            ("REWORK", {"text": "补充照片"}, {"opinion": "补充照片"}),
            (
                "CLOSE",
                {"outcome": "partly_true", "reply": "已整改", "measures": ["order"]},
                {
                    "handleTrueness": "部分属实",
                    "replyContent": "已整改",
                    "measures": ["order"],
                    "isSolved": 2,
                    "isSatisfaction": 2,
                    "replyDateTime": "2026-11-21T10:00:00+08:00",
                },
            ),
        ],
    )
    async def test_12345_hears_in_its_own_fields(
        self,
        db: Database,
        platform: PlatformReceiver,
        start: Start,
        step: tuple[str, dict[str, Any], dict[str, Any]],
    ) -> None:
        """Each step arrives under its type with the fields of the protocol."""
        kind, body, expected = step
        given, told = await self.told(db, platform, start, kind, **body)
        assert given == kind
        assert expected.items() <= told.items()
        assert ("backDateTime" in told) == kind.startswith("RETURN")
        assert ("replyDateTime" in told) == (kind == "CLOSE")

    @pytest.mark.parametrize(
        "step",
        [
            ("ACCEPT", {"accepted": True}, "REPORT_ACCEPT", {"Accepted": "1"}),
            (
                "ACCEPT",
                {"accepted": False, "reason": "NA8", "text": "转其他部门"},
                "REPORT_ACCEPT",
                {"Accepted": "0", "Reason": "NA8", "Notice": "转其他部门"},
            ),
            ("SIGN", {"unit": "某局"}, "REPORT_PROGRESS", {"Progress": "已签收"}),
            (
                "CLOSE",
                {"outcome": "not_true", "reply": "经查不实", "measures": ["case"]},
                "REPORT_CLOSE",
                {"WhetherCode": "0", "FinalOpinion": "经查不实", "CaseFiled": "1"},
            ),
        ],
    )
    async def test_12369_hears_in_xml(
        self,
        db: Database,
        platform: PlatformReceiver,
        start: Start,
        step: tuple[str, dict[str, Any], str, dict[str, str]],
    ) -> None:
        """The national platform hears of acceptance, progress and closing of its own report."""
        kind, body, type_, expected = step
        given, told = await self.told(db, platform, start, kind, "12369", **body)
        assert given == type_
        assert (told["ReportId"], told["EventNumber"]) == ("R1", "E1")
        assert expected.items() <= told.items()

    async def test_no_identity_leaves_the_house(
        self, db: Database, platform: PlatformReceiver, start: Start
    ) -> None:
        """Nothing of who reported is in what a platform is told."""
        _, told = await self.told(db, platform, start, "CLOSE", reply="已处理")
        assert "13900000000" not in msgspec.json.encode(told).decode()
