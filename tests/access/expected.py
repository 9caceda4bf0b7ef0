"""Who gets in where: written by hand from what each role is for, not read from the code.

A letter per role. A route lets in, at the own unit, the roles of `own`; the roles of `hidden` hold the right but not
for this row (404); all others get 403. At another unit those of `own` get 404 (lists: nothing of this world), unless
the role's reach does not depend on the place (`everywhere`). After the membership ended everybody gets 403 but for what
an account alone opens (`account`).
"""

from dataclasses import dataclass

LETTERS = {
    "C": "caseworker", "S": "supervisor", "V": "village", "H": "helper", "L": "liaison", "A": "auditor", "D": "dpo",
    "Y": "sysadmin", "E": "secadmin", "G": "auditadmin",
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """Roles as letters."""

    own: str = ""
    hidden: str = ""
    everywhere: str = ""
    account: bool = False
    """Open to every account, with or without a role."""
    public: bool = False
    """Open to everybody."""

    def outcome(self, role: str, place: str) -> str:
        """in, out (403) or hidden (404)."""
        letter = next(letter for letter, name in LETTERS.items() if name == role)
        if self.public or self.account:
            return "in"
        if place == "ended":
            return "out"
        if letter in self.everywhere:
            return "in"
        if letter in self.own:
            return "in" if place == "own" else "hidden"
        return "hidden" if letter in self.hidden else "out"


ACCOUNT, PUBLIC = Expected(account=True), Expected(public=True)
STAFF = "CSVA"
READERS = STAFF + "D"
"""Staff, and the data protection officer."""

ROUTES: dict[str, Expected] = {
    "POST auth/token/": PUBLIC,
    "DELETE auth/token/": ACCOUNT,
    "GET me/": ACCOUNT,
    "GET me/preferences/": ACCOUNT,
    "PUT me/preferences/": ACCOUNT,
    "POST me/password/": ACCOUNT,
    # --- what one was told: everybody's own; the outbox without what it is about
    "GET me/reminders/": ACCOUNT,
    "GET me/reminders/count/": ACCOUNT,
    "POST me/reminders/read/": ACCOUNT,
    "GET me/channels/": ACCOUNT,
    "PUT me/channels/": ACCOUNT,
    "GET outbox/": Expected(everywhere="Y"),
    "GET schema/": PUBLIC,
    "GET calendar/": ACCOUNT,
    "GET docs/": PUBLIC,
    # --- the inbox: everybody who works, and who watches
    "GET work-items/": Expected(READERS + "HL"),
    "GET work-items/{pk}/": Expected(READERS + "HL"),
    "GET work-items/{pk}/form/": Expected(READERS + "HL"),
    "POST work-items/{pk}/check/": Expected(READERS + "HL"),
    "GET work-items/{pk}/course/": Expected(READERS + "HL"),
    "GET work-items/{pk}/colleagues/": Expected("CS"),
    "GET work-items/counts/": Expected(READERS + "HL"),
    "POST work-items/next/": Expected("CSVHLAD"),
    "POST work-items/bulk/": Expected("CSVHLAD"),
    "POST work-items/{pk}/claim/": Expected("CSVHLAD"),
    "POST work-items/{pk}/release/": Expected("CSVHLAD"),
    "POST work-items/{pk}/delegate/": Expected("CS"),
    "POST work-items/{pk}/postpone/": Expected("CSV"),
    "PUT work-items/{pk}/draft/": Expected("CSVHLAD"),
    "POST work-items/{pk}/complete/": Expected("CSVHLAD"),
    # --- ways to look at it: everybody's own; one shared with the unit is seen by all who work there
    "GET saved-filters/": Expected(READERS + "HL"),
    "POST saved-filters/": Expected(READERS + "HL"),
    "GET saved-filters/counts/": Expected(READERS + "HL"),
    "GET saved-filters/{pk}/": Expected(READERS + "HL"),
    "PATCH saved-filters/{pk}/": Expected("CS", hidden="VAHLD"),
    "DELETE saved-filters/{pk}/": Expected("CS", hidden="VAHLD"),
    # --- where work is late: whoever reads a place's items
    "GET attention/": Expected("C"),
    "GET overview/": Expected(READERS),
    "GET overview/tokens/": Expected(READERS),
    "GET approvals/": Expected("S"),
    "GET workload/": Expected("S"),
    "GET workload/takers/": Expected("S"),
    # --- a month in numbers: whoever reads what happened at a place
    "GET reports/month/": Expected("CSAD"),
    # --- cases: a helper sees the own ones, but neither their history nor who did what
    "GET cases/": Expected(READERS + "H"),
    "POST cases/": Expected("CS"),
    "GET cases/{pk}/": Expected(READERS + "H"),
    "GET cases/{pk}/history/": Expected(READERS),
    "GET cases/{pk}/diagram/": Expected(READERS),
    "GET cases/{pk}/standing/": Expected(READERS),
    "GET cases/{pk}/as-of/": Expected("CSAD"),
    "GET cases/{pk}/export/": Expected("SA"),
    "POST cases/{pk}/messages/": Expected("CSV"),
    "POST cases/{pk}/close/": Expected("CS"),
    "POST cases/{pk}/reopen/": Expected("S"),
    "POST cases/{pk}/transfer/": Expected("S"),
    "GET programmes/": Expected(everywhere=READERS + "H"),
    "GET programmes/{pk}/": Expected(everywhere=READERS + "H"),
    # --- families and their people
    "GET families/": Expected(READERS + "H"),
    "POST families/": Expected("C"),
    "GET families/{pk}/": Expected(READERS + "H"),
    "PATCH families/{pk}/": Expected("C"),
    "POST families/{pk}/split/": Expected("C"),
    "GET families/{pk}/history/": Expected(READERS),
    "GET families/{pk}/documents/": Expected(READERS),
    "GET families/{pk}/reminders/": Expected(READERS),
    "POST families/{pk}/came-back/": Expected("C"),
    "GET persons/": Expected(READERS),
    "POST persons/": Expected("C"),
    "GET persons/{pk}/": Expected(READERS),
    "PATCH persons/{pk}/": Expected("C"),
    "POST persons/{pk}/reveal/": Expected("CSVAD"),
    "POST persons/{pk}/died/": Expected("CV"),
    # --- pauses: whoever knows the family begins and ends them
    "GET pauses/": Expected(STAFF),
    "POST pauses/": Expected("CSV"),
    "GET pauses/{pk}/": Expected(STAFF),
    "POST pauses/{pk}/change/": Expected("CSV"),
    "POST pauses/{pk}/end/": Expected("CSV"),
    # --- who helps: a liaison sees the own unit's people, a helper oneself
    "GET helpers/": Expected("CSAHL"),
    "GET helpers/kinds/": Expected(everywhere="CSAHL"),
    "POST helpers/": Expected("C"),
    "GET helpers/{pk}/": Expected("CSAHL"),
    "PATCH helpers/{pk}/": Expected("C"),
    "POST helpers/{pk}/status/": Expected("C"),
    "POST helpers/{pk}/end/": Expected("C"),
    "POST helpers/{pk}/leaving/": Expected("C"),
    "POST helpers/{pk}/text-messages/": Expected("C"),
    "GET partner-units/": Expected("CSAL"),
    "GET partner-units/{pk}/": Expected("CSAL"),
    "GET offers/": Expected(READERS + "HL"),
    "GET offers/{pk}/": Expected(READERS + "HL"),
    "GET pairings/": Expected(READERS + "H"),
    "GET pairings/{pk}/": Expected(READERS + "H"),
    "POST pairings/{pk}/suspend/": Expected("C"),
    "POST pairings/{pk}/lift/": Expected("C"),
    # --- days away: helpers their own, liaisons their people's; whoever knows a family tells it who comes instead
    "GET absences/": Expected(STAFF + "HL"),
    "POST absences/": Expected("CHL"),
    "GET absences/{pk}/": Expected(STAFF + "HL"),
    "POST absences/{pk}/change/": Expected("CHL"),
    "POST absences/{pk}/withdraw/": Expected("CHL"),
    "POST absences/{pk}/stand-in/": Expected("C"),
    "GET absences/{pk}/pool/": Expected("C"),
    "POST absences/{pk}/told/": Expected("CV"),
    # --- health services: one person at a time, for the role that works on them; others take in what is asked
    "GET health-services/": Expected("C"),
    "POST health-services/": Expected("CV"),
    "GET health-services/hospitals/": Expected("CV"),
    "GET health-services/{pk}/": Expected("C"),
    "POST health-services/{pk}/decline/": Expected("C"),
    "GET health-counts/": Expected("CSA"),
    "POST health-counts/": Expected("CV"),
    "GET visits/": Expected(READERS + "H"),
    "POST visits/": Expected("CVH"),
    "GET visits/{pk}/": Expected(READERS + "H"),
    "PATCH visits/{pk}/": Expected("CVH"),
    "GET visits/{pk}/photos/": Expected(READERS + "H"),
    "POST visits/{pk}/photos/": Expected("CVH"),
    "GET photos/{pk}/": Expected(READERS + "H"),
    "GET visits/coming/": Expected("CVH"),
    "GET submissions/": Expected(READERS + "H"),
    "POST submissions/": Expected("CVH"),
    "GET submissions/{pk}/": Expected(READERS + "H"),
    "POST submissions/{pk}/decide/": Expected("CVH"),
    "GET reviews/": Expected(READERS),
    "GET reviews/{pk}/": Expected(READERS),
    # --- rosters: identity numbers in bulk, so only who brings them gets them back
    "GET rosters/": Expected("CSA"),
    "POST rosters/": Expected("C"),
    "GET rosters/{pk}/": Expected("CSA"),
    "GET rosters/{pk}/problems.xlsx": Expected("C"),
    "POST rosters/{pk}/apply/": Expected("C"),
    # --- processes name nobody
    "GET processes/": Expected(everywhere="CSVHLAYD"),
    "GET processes/{pk}/": Expected(everywhere="CSVHLAYD"),
    "POST processes/deploy/": Expected(everywhere="Y"),
    "POST processes/validate/": Expected(everywhere="Y"),
    # --- the organisation: administrators everywhere, the others where they work
    "GET units/": Expected("CSVAHLD", everywhere="YEG"),
    "POST units/": Expected(everywhere="Y"),
    "PATCH units/{pk}/": Expected(everywhere="Y"),
    "POST units/{pk}/merge/": Expected(everywhere="Y"),
    "GET units/{pk}/": Expected("CSVAHLD", everywhere="YEG"),
    "GET users/": Expected("CSAD", everywhere="YEG"),
    "POST users/": Expected(everywhere="E"),
    "GET users/{pk}/": Expected("CSAD", everywhere="YEG"),
    "PATCH users/{pk}/": Expected(everywhere="E"),
    "POST users/{pk}/reset-password/": Expected(everywhere="E"),
    "POST users/{pk}/reset-second-factor/": Expected(everywhere="E"),
    "POST users/{pk}/revoke/": Expected(everywhere="E"),
    "GET memberships/": Expected("CSAD", everywhere="YEG"),
    "POST memberships/": Expected(everywhere="E"),
    "GET memberships/{pk}/": Expected("CSAD", everywhere="YEG"),
    "POST memberships/{pk}/end/": Expected(everywhere="E"),
    # --- who left: arranged by the supervisor, read by who got something
    "GET leavings/": Expected("CSVA"),
    "POST leavings/": Expected("S"),
    "POST leavings/dry-run/": Expected("S"),
    "GET leavings/{pk}/": Expected("SA", hidden="CV"),
    "POST leavings/{pk}/read/": Expected("SA", hidden="CV"),
    "GET deputies/": Expected("CSAD", everywhere="YEG"),
    "POST deputies/": Expected("S", everywhere="E"),
    "GET deputies/{pk}/": Expected("CSAD", everywhere="YEG"),
    "POST deputies/{pk}/end/": Expected("S", everywhere="E"),
    # --- own days away: only the office's people, and each only the own
    "GET deputies/own/": Expected("CSV"),
    "POST deputies/own/": Expected("CSV"),
    "GET deputies/own/colleagues/": Expected("CSV"),
    "GET deputies/own/{pk}/": Expected(hidden="CSV"),
    "POST deputies/own/{pk}/end/": Expected(hidden="CSV"),
    # --- what runs in the background: counts and names of jobs, never what they are about
    "GET jobs/": Expected(everywhere="Y"),
    "POST jobs/{pk}/retry/": Expected(everywhere="Y"),
    # --- words: everybody's; the system administrator adds some
    "GET codes/": ACCOUNT,
    "GET codes/{pk}/": ACCOUNT,
    "POST codes/{pk}/add/": Expected(everywhere="Y"),
    "POST codes/{pk}/change/": Expected(everywhere="Y"),
    "POST codes/{pk}/end/": Expected(everywhere="Y"),
    # --- what rules read: an office sees and sets what holds in its own area
    "GET parameters/": Expected("CSAD", everywhere="YEG"),
    "POST parameters/": Expected(everywhere="SYE"),
    "GET parameters/definitions/": Expected(everywhere="CSAYEGD"),
    "GET parameters/{pk}/": Expected("CSAD", everywhere="YEG"),
    "POST parameters/{pk}/end/": Expected("S", everywhere="YE"),
    # --- audits: whoever is inspected never sees what was drawn, but what was found
    "GET samples/": Expected("A"),
    "POST samples/": Expected("A"),
    "GET samples/{pk}/": Expected("A"),
    "POST samples/{pk}/look/": Expected("A"),
    "GET samples/{pk}/verify/": Expected("A"),
    "GET samples/{pk}/population/": Expected("A"),
    "GET findings/": Expected("CSA"),
    "POST findings/": Expected("A"),
    "GET findings/{pk}/": Expected("CSA"),
    # --- matching: caseworkers prepare; what is proposed assigns nobody
    "GET waiting-list/": Expected("CSA"),
    "GET proposals/": Expected("CSA"),
    "POST proposals/": Expected("C"),
    "GET proposals/outcomes/": Expected(everywhere="CSA"),
    "GET proposals/{pk}/": Expected("CSA"),
    "GET proposals/{pk}/rows/": Expected("CSA"),
    "GET proposals/{pk}/recompute/": Expected("CSA"),
    "POST proposals/{pk}/take-up/": Expected("C"),
    # --- reconciliation: villages report, offices compare and settle; what is open to a village is its own list
    "GET rounds/": Expected(STAFF),
    "POST rounds/": Expected("CS"),
    "GET rounds/coming/": Expected("CS"),
    "GET rounds/{pk}/": Expected(STAFF),
    "POST rounds/{pk}/compare/": Expected("CS"),
    "POST rounds/{pk}/close/": Expected("CS"),
    "GET rounds/{pk}/families/": Expected("CV"),
    "POST rounds/{pk}/report/": Expected("CV"),
    "GET rounds/{pk}/workbook.xlsx": Expected("CSA"),
    "GET differences/": Expected("CSA"),
    "GET differences/{pk}/": Expected("CSA"),
    "POST differences/{pk}/settle/": Expected("C"),
    # --- rotations: prepared by one, approved by another
    "GET rotations/": Expected("CSA"),
    "POST rotations/": Expected("C"),
    "GET rotations/{pk}/": Expected("CSA"),
    "POST rotations/{pk}/replace/": Expected("C"),
    "POST rotations/{pk}/approve/": Expected("S"),
    "POST rotations/{pk}/cancel/": Expected("CS"),
    # --- requests and complaints: looked into at the office; a village worker sees those taken in oneself
    # --- what families are given: a department hears only what its own unit was asked for
    "GET service-catalogue/": Expected(everywhere=STAFF),
    "GET service-catalogue/{pk}/": Expected(STAFF),
    "GET service-catalogue/offered/": Expected(everywhere=STAFF),
    "POST service-catalogue/": Expected("S"),
    "POST service-catalogue/{pk}/end/": Expected("S"),
    "GET service-plans/": Expected(STAFF),
    "POST service-plans/": Expected("C"),
    "GET service-plans/{pk}/": Expected(STAFF),
    "GET cards/": Expected(STAFF),
    "GET cards/{pk}/": Expected(STAFF),
    "POST cards/{pk}/freeze/": Expected("CSV"),
    "POST cards/{pk}/renew/": Expected("C"),
    "GET referrals/": Expected(STAFF + "L"),
    "GET referrals/{pk}/": Expected(STAFF + "L"),
    "POST referrals/{pk}/package/": Expected("L"),
    # --- access tickets: asked for by whoever does not see it in the own office; supervisors and the DPO see all
    "GET access-tickets/": Expected("VASD"),
    "POST access-tickets/": Expected("VAD"),
    "GET access-tickets/{pk}/": Expected("SD", hidden="VA"),
    "POST access-tickets/{pk}/close/": Expected("SD", hidden="VA"),
    "GET grievances/": Expected("CSVAD"),
    "POST grievances/": Expected("CSVD"),
    "POST grievances/{pk}/copy/": Expected("CD"),
    "POST grievances/{pk}/notify/": Expected("SA"),
    "GET grievances/{pk}/": Expected("CSAD", hidden="V"),
    # --- volunteers: oneself, a liaison the own unit's; who is banned is decided by the supervisor
    "GET volunteers/": Expected("CSAHL"),
    "POST volunteers/": Expected("CHL"),
    "GET volunteers/{pk}/": Expected("CSAHL"),
    "POST volunteers/{pk}/leave/": Expected("CHL"),
    "GET bans/": Expected("CSAHL"),
    "POST bans/": Expected("CS"),
    "GET bans/{pk}/": Expected("CSAH", hidden="L"),
    "POST bans/{pk}/confirm/": Expected("S"),
    "POST bans/{pk}/decline/": Expected("S"),
    "POST bans/{pk}/appeal/": Expected("CH", hidden="L"),
    "POST bans/{pk}/settle/": Expected("S"),
    # --- hours and certificates: one's own; what stands on a certificate anybody may check who has its number
    "GET hours/": Expected("CSAHL"),
    "POST hours/": Expected("CH"),
    "GET hours/summary/": Expected("CSAHL"),
    "GET hours/{pk}/": Expected("CSAHL"),
    "POST hours/{pk}/dispute/": Expected("CH"),
    "GET certificates/": Expected("CSAH"),
    "POST certificates/": Expected("CH"),
    "GET certificates/check/": PUBLIC,
    "GET certificates/{pk}/": Expected("CSAH"),
    "POST certificates/{pk}/objection/": Expected("C"),
    "POST certificates/{pk}/revoke/": Expected("S"),
    # --- activities: counts for all who read them, names only for the unit that organises (here the township)
    "GET activities/": Expected(STAFF),
    "POST activities/": Expected("CV"),
    "GET activities/{pk}/": Expected("CSA", hidden="V"),
    "GET activities/{pk}/counts/": Expected("CSA", hidden="V"),
    "POST activities/{pk}/cancel/": Expected("C", hidden="V"),
    "POST activities/{pk}/merge/": Expected("C", hidden="V"),
    "GET sign-ups/": Expected("CV"),
    "POST sign-ups/": Expected("CV"),
    "GET sign-ups/{pk}/": Expected("C", hidden="V"),
    "POST sign-ups/{pk}/withdraw/": Expected("C", hidden="V"),
    "POST sign-ups/{pk}/mark/": Expected("C", hidden="V"),
    # --- sites: the register is read, bookings and enrolments only where one works with them
    "GET sites/": Expected(STAFF),
    "POST sites/": Expected("C"),
    "GET sites/{pk}/": Expected(STAFF),
    "GET sites/{pk}/sums/": Expected(STAFF),
    "GET sites/{pk}/free-times/": Expected("CV"),
    "POST sites/{pk}/count/": Expected("CV"),
    "GET bookings/": Expected("CV"),
    "POST bookings/": Expected("CV"),
    "GET bookings/{pk}/": Expected("CV"),
    "POST bookings/{pk}/cancel/": Expected("CV"),
    "POST bookings/{pk}/told/": Expected("CV"),
    "GET enrolments/": Expected("CV"),
    "POST enrolments/": Expected("CV"),
    "GET enrolments/{pk}/": Expected("CV"),
    "POST enrolments/{pk}/end/": Expected("CV"),
    # --- the yearly survey: villages ask, the office looks on; whom only a contact may ask is tested in tests/census
    "GET survey-rounds/": Expected("CSVA"),
    "POST survey-rounds/": Expected("C"),
    "GET survey-rounds/{pk}/": Expected("CSVA"),
    "GET survey-targets/": Expected("CSVA"),
    "GET survey-targets/{pk}/": Expected("CSVA"),
    "POST survey-targets/{pk}/begin/": Expected("CV"),
    "POST survey-targets/missed/": Expected("CSV"),
    "POST survey-targets/{pk}/contact/": Expected("S"),
    # --- festival condolence: prepared at the township, agreed to by a second person, brought by the village
    "GET condolences/": Expected("CSVA"),
    "POST condolences/": Expected("C"),
    "GET condolences/{pk}/": Expected("CSVA"),
    "POST condolences/{pk}/lots/": Expected("C"),
    "POST condolences/{pk}/families/": Expected("C"),
    "POST condolences/{pk}/visits/": Expected("C"),
    "GET gifts/": Expected("CSVA"),
    "GET gifts/{pk}/": Expected("CSVA"),
    "POST gifts/{pk}/remove/": Expected("C"),
    "POST gifts/{pk}/agree/": Expected("CS"),
    "POST gifts/{pk}/decline/": Expected("CS"),
    "POST gifts/visitor/": Expected("C"),
    "POST gifts/record/": Expected("CV"),
    # --- emergencies: everybody reports one and sees the own ones; offices answer; two named officers see who reported
    # --- disasters: the supervisor declares, whoever works there ticks, the auditor reads
    "GET disasters/": Expected("CSVA"),
    "POST disasters/": Expected("S"),
    "GET disasters/{pk}/": Expected("CSVA"),
    "GET roll-entries/": Expected("CSVA"),
    "GET roll-entries/{pk}/": Expected("CSVA"),
    "POST roll-entries/{pk}/tick/": Expected("CSV"),
    # --- refusals in doubt
    "GET safety-watches/": Expected("CSVA"),
    "POST safety-watches/": Expected("CSV"),
    "GET safety-watches/{pk}/": Expected("CSVA"),
    "GET public-reports/": PUBLIC,
    "POST public-reports/": PUBLIC,
    "GET emergencies/": Expected("CSVHLAYEGD"),
    "POST emergencies/": Expected(everywhere="CSVHLAYEGD"),
    "GET emergencies/{pk}/": Expected("CSVA", hidden="HLYEGD"),
    "POST emergencies/{pk}/open/": Expected("CSV"),
    "POST emergencies/{pk}/reveal/": Expected("S"),
    "POST emergencies/{pk}/calls/": Expected("CSV", hidden="HLYEG"),
    "POST emergencies/{pk}/call-off/": Expected("CSV", hidden="HLYEG"),
    "GET duties/": Expected("CSVA"),
    "POST duties/": Expected("S"),
    "GET duties/{pk}/": Expected("CSVA"),
    "POST duties/{pk}/end/": Expected("S"),
    # --- honours: the village of the candidate and whoever stands above it
    "GET honour-calls/": Expected(STAFF),
    "POST honour-calls/": Expected("C"),
    "GET honour-calls/{pk}/": Expected(STAFF),
    "GET honours/": Expected(STAFF),
    "POST honours/": Expected("CV"),
    "GET honours/{pk}/": Expected(STAFF),
    "POST honours/{pk}/object/": Expected("CV"),
    "POST honours/{pk}/withdraw/": Expected("S"),
    # --- history: auditors read it, the audit administrator only what is about no family
    "GET events/": Expected("CSAD", everywhere="G"),
    "GET events/{pk}/": Expected("CSAD", hidden="G"),
    "GET events/verify/": Expected(everywhere="AG"),
}
