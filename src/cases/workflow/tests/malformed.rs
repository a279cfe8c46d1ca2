//! A malformed file stops the start with file, line and reason.

use crate::cases::workflow::{Catalogue, FileFault, Workflow};

pub(super) const GOOD: &str = r#"type = "pothole"
title = "Pothole"
description = "A hole in the road."
version = 1
initial = "reported"
law = []

[[posts]]
name = "street"
description = "street officer"
agencies = ["council"]
roles = ["officer"]

[[posts]]
name = "anyone"
description = "anyone"
agencies = []
roles = ["officer"]

[[states]]
name = "reported"
class = "open"
public_status = "received"
description = "Reported."

[[states]]
name = "filled"
class = "closed"
public_status = "done"
description = "Filled."
outcomes = ["filled"]

[[clocks]]
name = "fill"
kind = "working_days"
n = 5
basis = "regulation"
legal_ref = "Highways Regulations"
policy_version = 1
starts_with_case = true
note = "Report to filled."

[details.properties]
depth = { enum = ["shallow", "deep"], description = "Depth." }

[[edges]]
event = "fill"
description = "Fill it."
from = ["reported"]
to = "filled"
who = ["street"]
meets = [{ clock = "fill" }]
guards = [
  { guard = "photo_attached", phase = "after", say = "attach a photo" },
  { guard = "value_in", at = "/details/depth", in = ["deep"], say = "only deep ones" },
]
"#;

/// Faults of the good file with one piece replaced.
fn faults(old: &str, new: &str) -> Vec<FileFault> {
    assert!(GOOD.contains(old), "{old}");
    let text = GOOD.replacen(old, new, 1);
    Workflow::load("workflows/pothole.toml", &text).unwrap_err()
}

/// The replaced piece gives a fault with this reason on the line where `at` now stands.
pub(super) fn fault_at(old: &str, new: &str, at: &str, reason: &str) {
    let text = GOOD.replacen(old, new, 1);
    let line = 1 + text.lines().position(|line| line.contains(at)).unwrap();
    let faults = faults(old, new);
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let found = faults
        .iter()
        .any(|fault| fault.file == "workflows/pothole.toml" && fault.line == line && fault.reason.contains(reason));
    assert!(found, "expected line {line}: {reason}\ngot {said:#?}");
}

#[test]
fn what_is_told_outside_says_what_it_is_and_nothing_else_does() {
    let street = r#"who = ["street"]"#;
    for line in [
        r#"logged_as = "disclosure""#,
        r#"disclosed = ["core"]"#,
        "logged_as = \"collection\"\ndisclosed = [\"core\"]",
    ] {
        fault_at(
            street,
            &format!("{street}\n{line}"),
            r#"event = "fill""#,
            "`disclosed` names",
        );
    }
    let told = format!("{street}\nlogged_as = \"disclosure\"\ndisclosed = [\"core\"]");
    Workflow::load("workflows/pothole.toml", &GOOD.replacen(street, &told, 1)).unwrap();
}

#[test]
fn who_leads_is_named_by_an_id_in_the_data() {
    let street = r#"who = ["street"]"#;
    for at in ["/data/organisation", "/details/depth"] {
        fault_at(
            street,
            &format!("{street}\nleads = \"{at}\""),
            "leads = ",
            "is no id in the data",
        );
    }
}

#[test]
fn the_good_file_is_good() {
    Workflow::load("workflows/pothole.toml", GOOD).unwrap();
}

#[test]
fn not_toml() {
    fault_at("class = \"open\"", "class = open", "class = open", "");
}

#[test]
fn unknown_words() {
    fault_at(
        "roles = [\"officer\"]",
        "roles = [\"sherrif\"]",
        "sherrif",
        "unknown variant `sherrif`",
    );
    fault_at("[\"council\"]", "[\"counsil\"]", "counsil", "unknown variant `counsil`");
    fault_at("\"received\"", "\"lost\"", "\"lost\"", "unknown variant `lost`");
    fault_at(
        "\"working_days\"",
        "\"fortnights\"",
        "fortnights",
        "unknown variant `fortnights`",
    );
    fault_at("meets =", "halts =", "halts", "unknown field `halts`");
    fault_at(
        "photo_attached",
        "selfie_attached",
        "selfie",
        "unknown guard `selfie_attached`",
    );
}

#[test]
fn names_that_are_not_snake_case() {
    for wrong in ["_pothole", "9pothole", "potHole", "pot-hole", "pothöle", ""] {
        let text = format!("type = \"{wrong}\"");
        fault_at(
            "type = \"pothole\"",
            &text,
            &text,
            &format!("type `{wrong}` is not snake_case"),
        );
    }
    fault_at(
        "event = \"fill\"",
        "event = \"Fill\"",
        "Fill\"",
        "event `Fill` is not snake_case",
    );
    fault_at(
        "name = \"filled\"",
        "name = \"Filled\"",
        "\"Filled\"",
        "state `Filled` is not snake_case",
    );
}

#[test]
fn a_state_named_by_a_word_of_the_format() {
    for word in ["same", "any_open"] {
        let text = format!("name = \"{word}\"");
        fault_at(
            "name = \"filled\"",
            &text,
            &text,
            "is a word of the file format, not a state",
        );
        let event = GOOD.replacen("event = \"fill\"", &format!("event = \"{word}\""), 1);
        Workflow::load("workflows/pothole.toml", &event).unwrap();
    }
}

#[test]
fn missing_member() {
    fault_at(
        "description = \"Fill it.\"\n",
        "",
        "[[edges]]",
        "missing field `description`",
    );
}

#[test]
fn edge_to_unknown_state() {
    fault_at(
        "to = \"filled\"",
        "to = \"paved\"",
        "to = \"paved\"",
        "unknown state `paved`",
    );
    fault_at(
        "[\"reported\"]",
        "[\"repotted\"]",
        "repotted",
        "unknown state `repotted`",
    );
    fault_at(
        "initial = \"reported\"",
        "initial = \"new\"",
        "initial",
        "`new` is not declared",
    );
}

#[test]
fn unknown_post_and_clock() {
    fault_at("who = [\"street\"]", "who = [\"road\"]", "who =", "unknown post `road`");
    fault_at(
        "meets = [{ clock = \"fill\"",
        "meets = [{ clock = \"full\"",
        "meets =",
        "unknown clock `full`",
    );
    let at_no_place = "voids = [{ clock = \"fill\", when = { at = \"/details/width\", present = true }";
    fault_at(
        "meets = [{ clock = \"fill\"",
        at_no_place,
        "voids =",
        "nothing is ever at `/details/width`",
    );
}

#[test]
fn states_nobody_gets_to_or_out_of() {
    let island =
        "[[states]]\nname = \"island\"\nclass = \"open\"\npublic_status = \"done\"\ndescription = \"x\"\n\n[[clocks]]";
    fault_at(
        "[[clocks]]",
        island,
        "name = \"island\"",
        "state `island` cannot be reached",
    );
    fault_at("[[clocks]]", island, "name = \"island\"", "to a closed state");
    fault_at(
        "to = \"filled\"",
        "to = \"same\"",
        "name = \"reported\"",
        "to a closed state",
    );
}

#[test]
fn two_edges_for_one_event() {
    let twice = "[[edges]]\nevent = \"fill\"\ndescription = \"again\"\nfrom = [\"any_open\"]\nto = \"same\"\nwho = [\"anyone\"]\n\n[[edges]]\nevent = \"fill\"\ndescription = \"Fill it.\"";
    let faults = faults("[[edges]]\nevent = \"fill\"\ndescription = \"Fill it.\"", twice);
    assert!(
        faults[0].reason.contains("second edge for `fill` from `reported`"),
        "{faults:?}"
    );
}

#[test]
fn a_post_that_nobody_can_hold() {
    fault_at(
        "roles = [\"officer\"]",
        "roles = []",
        "name = \"street\"",
        "post `street` names no role",
    );
}

#[test]
fn what_happens_by_itself_where_nothing_says_so() {
    let said = |at: &str, more: &str| format!("when_said = [\"{at}\"]\n{more}meets = [");
    for (at, reason) in [
        ("/details/width", "nothing is ever at `/details/width`"),
        ("/data/depth", "is no member of the details"),
        ("/case/risk_band", "is no member of the details"),
    ] {
        fault_at("meets = [", &said(at, ""), "when_said", reason);
    }
    let asking = "data = { required = [\"why\"], properties = { why = { type = \"string\" } } }\n";
    fault_at(
        "meets = [",
        &said("/details/depth", asking),
        "when_said",
        "needs no data",
    );
    let text = GOOD.replacen("meets = [", &said("/details/depth", ""), 1);
    Workflow::load("workflows/pothole.toml", &text).unwrap();
}

#[test]
fn guards_with_wrong_parameters() {
    fault_at(
        "phase = \"after\"",
        "clock = \"fill\"",
        "photo_attached",
        "takes no `clock`",
    );
    fault_at("at = \"/details/depth\", in", "in", "value_in", "needs `at`");
    fault_at("in = [\"deep\"]", "in = [\"abyss\"]", "abyss", "can never be \"abyss\"");
    fault_at(
        "/details/depth",
        "/details/width",
        "width",
        "nothing is ever at `/details/width`",
    );
    let list = r#"steps = { type = "array", items = { properties = { kind = { enum = ["fill"] } } } }

[[edges]]"#;
    let photo = r#"guard = "photo_attached", phase = "after""#;
    let untimed = r#"guard = "list_has", at = "/details/steps", member = "kind", in = ["fill"], past = "until""#;
    let text = GOOD.replacen("[[edges]]", list, 1).replacen(photo, untimed, 1);
    let found = Workflow::load("workflows/pothole.toml", &text).unwrap_err();
    assert_eq!(found[0].reason, "nothing is ever at `/details/steps/-/until`");
}

#[test]
fn conditions_that_ask_for_nothing_or_too_much() {
    let when =
        |and: &str| format!("in = [\"deep\"], when = {{ at = \"/details/depth\", present = true, and = {{ {and} }} }}");
    for (and, reason) in [
        ("at = \"/details/depth\"", "exactly one of"),
        ("at = \"/details/width\", present = true", "`/details/width`"),
        ("at = \"/details/depth\", in = [\"abyss\"]", "can never be \"abyss\""),
    ] {
        fault_at("in = [\"deep\"]", &when(and), "value_in", reason);
    }
    let text = GOOD.replacen(
        "in = [\"deep\"]",
        &when("at = \"/details/depth\", not_in = [\"shallow\"]"),
        1,
    );
    Workflow::load("workflows/pothole.toml", &text).unwrap();
}

#[test]
fn details_that_are_no_json_schema() {
    fault_at(
        "{ enum = [\"shallow\", \"deep\"]",
        "{ enum = 5",
        "[details",
        "not a valid JSON Schema",
    );
}

#[test]
fn choices_that_do_not_match_the_data() {
    let choose = "choose = { by = \"size\", to = { small = \"filled\" } }\ndata = { required = [\"size\"], properties = { size = { enum = [\"small\", \"large\"] } } }";
    fault_at("to = \"filled\"", choose, "choose =", "the keys of `choose` differ");
}

#[test]
fn effects_that_write_nowhere() {
    let sets = "sets = [{ to = \"/details/width\", from = \"now\" }]\nguards = [";
    fault_at(
        "guards = [",
        sets,
        "sets =",
        "nothing can be written at `/details/width`",
    );
}

#[test]
fn a_band_that_is_of_no_assessment_that_is_kept() {
    let band = |member: &str| {
        format!(
            "data = {{ properties = {{ band = {{ enum = {member} }} }} }}\n\
             sets = [{{ to = \"/case/risk_band\", from = \"/data/band\" }}]\nguards = ["
        )
    };
    for (member, reason) in [
        ("[\"low\", \"high\"]", "is set from a band of risk in the data"),
        ("[\"standard\", \"medium\", \"high\"]", "the assessment is kept at"),
    ] {
        fault_at("guards = [", &band(member), "sets =", reason);
    }
}

#[test]
fn an_alert_of_the_type_that_says_no_when_or_looks_where_nothing_is() {
    let alert = |when: &str| format!("[[alerts]]\nrole = \"supervisor\"\nsay = \"x\"\n{when}\n[[edges]]");
    for (when, reason) in [
        ("", "says `when`"),
        (
            "when = { at = \"/data/depth\", present = true }",
            "nothing is ever at `/data/depth`",
        ),
    ] {
        fault_at("[[edges]]", &alert(when), "[[alerts]]", reason);
    }
    let good = alert("when = { at = \"/details/depth\", in = [\"deep\"] }");
    Workflow::load("workflows/pothole.toml", &GOOD.replacen("[[edges]]", &good, 1)).unwrap();
}

#[test]
fn closed_without_outcome_and_declared_twice() {
    fault_at("outcomes = [\"filled\"]\n", "", "name = \"filled\"", "has no outcome");
    let faults = faults("name = \"filled\"", "name = \"reported\"");
    assert!(
        faults.iter().any(|it| it.reason.contains("declared twice")),
        "{faults:?}"
    );
}

#[test]
fn two_files_of_one_type() {
    let files = [("workflows/a.toml", GOOD), ("workflows/b.toml", GOOD)];
    let faults = Catalogue::from_files(&files).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "workflows/b.toml:1: another file already has type `pothole`"
    );
}
