//! Of what a case type may have one case open at a time.

use super::malformed::{GOOD, fault_at};
use crate::cases::workflow::Workflow;

/// The good file, of which one case is open per `mark`, with `more` behind its edge.
fn one_open_per(mark: &str, more: &str) -> String {
    let text = GOOD.replacen(
        "[details.properties]\n",
        &format!("[details.properties]\nmark = {{ {mark}, description = \"Mark.\" }}\n"),
        1,
    );
    text.replacen("law = []", "one_open_case_per = \"mark\"\nlaw = []", 1) + more
}

#[test]
fn one_open_case_per_what_could_be_passed_by() {
    let text = "type = \"string\"";
    let edge = |from: &str, to: &str, more: &str| {
        format!(
            "[[edges]]\nevent = \"mark\"\ndescription = \"x\"\nfrom = [\"{from}\"]\nto = \"{to}\"\n\
             who = [\"street\"]\n{more}"
        )
    };
    let writes = edge(
        "reported",
        "same",
        "sets = [{ to = \"/details/mark\", from = \"now\" }]\n",
    );
    let elsewhere = edge(
        "reported",
        "same",
        "sets = [{ to = \"/details/depth\", value = \"deep\" }]\n",
    );
    Workflow::load("workflows/pothole.toml", &one_open_per(text, &elsewhere)).unwrap();

    for (mark, more, reason) in [
        ("type = \"integer\"", "", "`mark` is no text"),
        ("enum = [\"a\", \"b\"]", "", "`mark` is no text"),
        ("type = \"string\", x-personal = true", "", "says who is in the case"),
        ("type = \"string\", readOnly = true", "", "is written by a step"),
        (text, &writes, "is written by a step"),
        (text, &edge("filled", "reported", ""), "opens closed cases again"),
    ] {
        let written = one_open_per(mark, more);
        let line = 1 + written
            .lines()
            .position(|it| it.starts_with("one_open_case_per"))
            .unwrap();
        let faults = Workflow::load("workflows/pothole.toml", &written).unwrap_err();
        assert_eq!(faults.len(), 1, "{mark} {more}: {faults:?}");
        assert_eq!(faults[0].line, line);
        assert!(faults[0].reason.starts_with("`one_open_case_per`: "), "{faults:?}");
        assert!(faults[0].reason.contains(reason), "{reason}: {faults:?}");
    }
}

#[test]
fn one_open_case_per_what_is_no_detail() {
    for (name, reason) in [
        ("\"width\"", "`width` is no detail"),
        ("\"depth/of\"", "is not snake_case"),
    ] {
        let declared = format!("one_open_case_per = {name}\nlaw = []");
        fault_at("law = []", &declared, "one_open_case_per", reason);
    }
}
