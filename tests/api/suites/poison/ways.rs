//! With what each step is taken that is told something. A step that has none here fails
//! `each_step_that_is_told_something_has_a_way_and_each_way_is_one`.

use serde_json::{Value, json};

/// Who takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody of the council that owns and leads the case, who supervises and coordinates.
    Council,
    /// An inspector of the police, to whom the case is open.
    Police,
}

/// A step in which everything is right.
#[derive(Debug)]
pub struct Way {
    /// The type of the case.
    pub kind: &'static str,
    /// The name of the step.
    pub event: &'static str,
    /// The state that the case is in.
    pub state: &'static str,
    pub by: By,
    /// What the details of the case say by then.
    pub details: Value,
    /// A step of the council before it, where one has to have started a clock: in which state
    /// it is taken, its name, and what it is told.
    pub after: Option<(&'static str, &'static str, Value)>,
    /// What the step is told.
    pub data: Value,
}

impl Way {
    fn by_police(self) -> Self {
        Self { by: By::Police, ..self }
    }

    fn said(self, details: Value) -> Self {
        Self { details, ..self }
    }

    fn after(self, state: &'static str, event: &'static str, data: Value) -> Self {
        let after = Some((state, event, data));
        Self { after, ..self }
    }
}

/// All of them.
pub fn ways() -> Vec<Way> {
    let all = [
        vehicles_reported(),
        vehicles_found(),
        vehicles_removed(),
        penalties(),
        graffiti_found(),
        graffiti_cleaned(),
        nuisance(),
        nuisance_in_court_and_closed(),
    ];
    all.into_iter().flatten().collect()
}

fn way(kind: &'static str, event: &'static str, state: &'static str, data: Value) -> Way {
    Way {
        kind,
        event,
        state,
        by: By::Council,
        details: json!({}),
        after: None,
        data,
    }
}

fn vehicle(event: &'static str, state: &'static str, data: Value) -> Way {
    way("abandoned_vehicle", event, state, data)
}

fn surface(event: &'static str, state: &'static str, data: Value) -> Way {
    way("graffiti", event, state, data)
}

fn trouble(event: &'static str, state: &'static str, data: Value) -> Way {
    way("nuisance", event, state, data)
}

/// What is told with a step that closes the case.
fn closing(mut data: Value) -> Value {
    data["explanation"] = json!("Told at the door what was found.");
    data["reporter_told"] = json!(true);
    data
}

fn vehicles_reported() -> Vec<Way> {
    let inspected = json!({"finding": "abandoned", "indicators": ["flat_tyres"], "land_type": "road_adopted"});
    let claim = json!({"proof": "Logbook", "promised_date": "2026-03-30"});
    vec![
        vehicle(
            "triage",
            "reported",
            json!({"refer_to": "police", "reason": "obstruction"}),
        ),
        vehicle("duplicate", "reported", closing(json!({}))),
        vehicle("observe", "reported", json!({"observation": {"text": "No wheels."}})),
        vehicle("record_police_check", "reported", json!({"result": "none"})).by_police(),
        vehicle("inspect", "reported", inspected),
        vehicle("claimed", "reported", claim),
        vehicle("claim_checked", "claimed", json!({"result": "still_there"})),
        vehicle("refer_police", "abandoned", json!({"reason": "obstruction"})),
        vehicle("police_result", "referred_police", json!({"result": "no_interest"})).by_police(),
    ]
}

fn vehicles_found() -> Vec<Way> {
    let enquiry = json!({"legal_basis": "Regulation 27"});
    let occupied = json!({"land_type": "occupied_land"});
    let notice = json!({"method": "post"});
    vec![
        vehicle(
            "reinspect",
            "monitoring",
            json!({"finding": "abandoned", "moved": false}),
        ),
        vehicle("enquire_keeper", "abandoned", enquiry.clone()).said(json!({"vrm": "AB12CDE"})),
        vehicle(
            "keeper_reply",
            "keeper_enquiry",
            json!({"found": true, "name": "Nora Quill"}),
        ),
        vehicle("keeper_reply", "abandoned", json!({"found": false}))
            .said(json!({"vrm": "AB13CDE"}))
            .after("abandoned", "enquire_keeper", enquiry),
        vehicle("serve_occupier_notice", "abandoned", notice.clone()).said(occupied.clone()),
        vehicle(
            "occupier_objects",
            "abandoned",
            closing(json!({"objection": "It is mine."})),
        )
        .said(occupied)
        .after("abandoned", "serve_occupier_notice", notice),
        vehicle("affix_local_notice", "abandoned", json!({"period": "24_hours"})),
    ]
}

fn vehicles_removed() -> Vec<Way> {
    let at = "2026-03-02T08:00:00Z";
    let clear = json!({"land_type": "road_adopted", "fit_only_for_destruction": true,
        "pnc_check": {"result": "none", "at": at}});
    let removal = json!({"at": at, "contractor": "Kestrel Recovery", "inventory": "none"});
    let at_once = json!({"scene_release": {"by": "PC 123", "at": at}, "removal": removal.clone()});
    let disposal = json!({"ground": "fit_only_for_destruction", "method": "destroyed", "certificate": "CoD 1",
        "at": at});
    let disposed = json!({"disposal": disposal, "outcome": "destroyed"});
    vec![
        vehicle("remove_now", "hazard", at_once).said(clear.clone()),
        vehicle("removed", "removal_ordered", removal).said(clear.clone()),
        vehicle("gone_on_arrival", "removal_ordered", closing(json!({}))),
        vehicle("owner_notice", "removed", json!({"pound_location": "Pound 2"})),
        vehicle("reinspect", "stored", json!({"fit_only_for_destruction": true})),
        vehicle(
            "reclaimed",
            "stored",
            closing(json!({"proof": "Logbook", "charges_paid": true})),
        ),
        vehicle("dispose", "stored", closing(disposed)).said(clear),
    ]
}

fn penalties() -> Vec<Way> {
    let notice = json!({"reference": "F1", "recipient": "Nora Quill"});
    let cancelled = json!({"status": "cancelled", "reason": "Wrong form."});
    vec![
        vehicle("issue_fpn", "abandoned", notice.clone()),
        vehicle("settle_fpn", "abandoned", cancelled).after("abandoned", "issue_fpn", notice),
        vehicle(
            "prosecute",
            "abandoned",
            json!({"reference": "C1", "defendant": "Nora Quill"}),
        ),
    ]
}

fn graffiti_found() -> Vec<Way> {
    let reviewed = json!({"classification": "standard", "review": "A nickname."});
    let crime = json!({"crime_ref": "01/1", "scene_released": true});
    let offensive = json!({"offensive": true});
    vec![
        surface("classify", "reported", json!({"classification": "standard"})),
        surface("identify_suspect", "reported", json!({"crime_ref": "01/2"})).by_police(),
        surface("found_offensive", "standard", json!({"strand": "religion"})),
        surface("found_offensive", "cleaned", json!({"strand": "religion"})),
        surface("review_hate", "offensive", reviewed).said(offensive.clone()),
        surface("record_hate_crime", "offensive", crime)
            .said(offensive.clone())
            .by_police(),
        surface("ready", "offensive", json!({"surface_owner": "council"})).said(offensive),
        surface("identify_owner", "standard", json!({"surface_owner": "council"})),
    ]
}

fn graffiti_cleaned() -> Vec<Way> {
    let at = "2026-03-02T08:00:00Z";
    let agreed = json!({"given_by": "Nora Quill", "given_at": at, "method": "verbal"});
    let body = json!({"surface_owner": "utility", "owner_organisation": "Telecoms"});
    let (council, cleaned) = (
        json!({"surface_owner": "council"}),
        json!({"method": "chemical", "at": at}),
    );
    vec![
        surface("consent", "await_consent", agreed).said(json!({"offensive": true})),
        surface("refuse", "await_consent", json!({"refused_by": "Nora Quill"})),
        surface("refer_owner", "standard", body),
        surface("external_told", "referred_external", json!({"their_ref": "T1"})),
        surface("external_result", "referred_external", json!({"result": "refused"})),
        surface("evidence_hold", "ready", json!({"reason": "A series."})).by_police(),
        surface("clean", "ready", cleaned.clone()).said(council.clone()),
        surface("close_unsampled", "cleaned", closing(json!({})))
            .said(council)
            .after("ready", "clean", cleaned),
        surface("verify", "cleaned", json!({"result": "not_clean"})),
        surface(
            "close",
            "owner_responsible",
            closing(json!({"outcome": "owner_refused"})),
        ),
    ]
}

fn nuisance() -> Vec<Way> {
    let grade = json!({"scheme": "ncs_epsr", "value": "scheduled", "rationale": "Nobody is in danger."});
    let plan = json!({"text": "Diary, then a letter.", "contact_every_working_days": 5});
    let plan = json!({"plan": plan, "agreed_with_victim": true});
    let step = json!({"type": "warning_letter", "proportionality": "Least that may work.",
        "review_at": "2026-04-01T09:00:00Z"});
    vec![
        trouble("grade", "reported", grade).by_police(),
        trouble("refer", "reported", json!({"to": "cmarac"})),
        trouble("risk_assess", "reported", json!({"earlier_reports": 2})),
        trouble("allocate", "assessed", json!({"lead_agency": "council_asb"})),
        trouble("reassess", "assessed", json!({"why": "meeting"})),
        trouble("action_plan", "open", plan),
        trouble("update_victim", "investigating", json!({"said": "A letter goes out."})),
        trouble("gather_evidence", "investigating", json!({"kind": "diary_given"})),
        trouble(
            "review_diary",
            "investigating",
            json!({"text": "Every night until two."}),
        ),
        trouble("intervene", "investigating", json!({"intervention": step})),
        trouble("recur", "monitoring", json!({"incident": "Again on Friday."})),
    ]
}

fn nuisance_in_court_and_closed() -> Vec<Way> {
    let injunction = json!({"type": "injunction", "proportionality": "Letters changed nothing.",
        "review_at": "2026-04-01T09:00:00Z"});
    let before = json!({"interventions": [injunction]});
    let listed = json!({"hearing_at": "2026-03-05T10:00:00Z"});
    let proposed = json!({"proposed_outcome": "resolved", "victim_asked": true, "victim_agrees": true});
    let closed = json!({"outcome": "resolved", "case_review_right_stated": true});
    let back = json!({"back_to": "assessed", "reason": "Ask the neighbour too."});
    vec![
        trouble("list_hearing", "intervention", listed.clone()).said(before.clone()),
        trouble("record_decision", "intervention", json!({"decision": "vacated"}))
            .said(before)
            .after("intervention", "list_hearing", listed),
        trouble("propose_close", "assessed", proposed),
        trouble("decline_close", "close_pending", back),
        trouble("close", "close_pending", closing(closed)),
        trouble("survey", "closed_resolved", json!({"answer": "satisfied"})),
    ]
}
