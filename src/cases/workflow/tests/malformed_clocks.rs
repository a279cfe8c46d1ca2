//! Clocks in a malformed file: each is refused with its line and a reason.

use super::malformed::{GOOD, fault_at};
use crate::cases::workflow::Workflow;

#[test]
fn hours_in_which_it_is_never_open() {
    let hours = |opens: &str| format!("opening_hours = {{ opens = \"{opens}\", closes = \"17:00\" }}\nlaw = []");
    for never in ["17:00", "18:30"] {
        fault_at("law = []", &hours(never), "opening_hours", "opens no earlier");
    }
    let text = GOOD.replacen("law = []", &hours("08:00"), 1);
    Workflow::load("workflows/pothole.toml", &text).unwrap();
}

#[test]
fn clocks_that_make_no_sense() {
    fault_at("starts_with_case = true\n", "", "name = \"fill\"", "is never started");
    fault_at("n = 5\n", "", "name = \"fill\"", "has no length");
    fault_at(
        "n = 5\n",
        "n = 5\nat_high_risk = \"fast\"\n",
        "at_high_risk",
        "unknown clock `fast`",
    );
    fault_at("\"Highways Regulations\"", "\"\"", "name = \"fill\"", "cites no law");
    let pause = "pauses = [{ clock = \"fill\", reason = \"unsafe_weather\" }]\nguards = [";
    fault_at("guards = [", pause, "pauses", "never pauses");
}

#[test]
fn clocks_whose_date_is_given_and_that_start_without_one() {
    for given in ["kind = \"court_set\"\n", "kind = \"date_set\"\n"] {
        fault_at(
            "kind = \"working_days\"\nn = 5\n",
            given,
            "name = \"fill\"",
            "starts with no case",
        );
    }
    let starting = |start: &str, kind: &str| {
        GOOD.replacen("starts_with_case = true\n", "", 1)
            .replacen("kind = \"working_days\"\nn = 5\n", kind, 1)
            .replacen(
                "meets = [{ clock = \"fill\" }]",
                &format!("starts = [{{ clock = \"fill\"{start} }}]"),
                1,
            )
            + "[edges.data]\nproperties = { on = { type = \"string\", format = \"date-time\" } }\n"
    };
    let (by_court, by_hand) = ("kind = \"court_set\"\n", "kind = \"date_set\"\n");
    let by_rule = "kind = \"working_days\"\nn = 5\n";
    let (on, at_no_place) = (", date = \"/data/on\"", ", date = \"/data/at\"");
    let (since, since_never) = (", since = \"/data/on\"", ", since = \"/data/at\"");
    for (start, kind, reason) in [
        (since_never, by_rule, "nothing is ever at `/data/at`"),
        ("", by_court, "name it in `date`"),
        ("", by_hand, "name it in `date`"),
        (on, by_rule, "it takes no `date`"),
        (at_no_place, by_court, "nothing is ever at `/data/at`"),
        (
            on,
            "kind = \"date_set\"\nn = 5\n",
            "has a date that is given and no length",
        ),
    ] {
        let faults = Workflow::load("workflows/pothole.toml", &starting(start, kind)).unwrap_err();
        assert!(faults.iter().any(|fault| fault.reason.contains(reason)), "{faults:?}");
    }
    for (start, kind) in [(on, by_court), (on, by_hand), ("", by_rule), (since, by_rule)] {
        Workflow::load("workflows/pothole.toml", &starting(start, kind)).unwrap();
    }
}

/// The good file, whose clock fires an event that an edge of its own waits for.
fn firing(of_the_edge: &str) -> String {
    let edge =
        "[[edges]]\nevent = \"lapse\"\ndescription = \"Nobody came.\"\nfrom = [\"reported\"]\nwho = [\"anyone\"]\n";
    GOOD.replacen("n = 5\n", "n = 5\nfires = \"lapse\"\n", 1) + edge + of_the_edge
}

fn closing(outcome: &str, explanation: &str) -> String {
    format!("closing_by_clock = {{ outcome = \"{outcome}\", explanation = \"{explanation}\" }}\n")
}

#[test]
fn a_clock_that_closes_cases_and_does_not_say_with_what() {
    let guard = "guards = [{ guard = \"clock_expired\", clock = \"fill\", say = \"not yet\" }]\n";
    for (closing, reason) in [
        (String::new(), "say in `closing_by_clock`"),
        (closing("dug", "Nobody came."), "`dug` is no outcome of `filled`"),
        (closing("filled", " "), "say why the case is closed"),
    ] {
        let text = firing(&format!("to = \"filled\"\n{closing}{guard}"));
        let faults = Workflow::load("workflows/pothole.toml", &text).unwrap_err();
        assert!(faults.iter().any(|fault| fault.reason.contains(reason)), "{faults:?}");
    }
    let by_hand = format!("to = \"filled\"\n{}who", closing("filled", "Nobody came."));
    fault_at("to = \"filled\"\nwho", &by_hand, "closing_by_clock", "no clock closes");
}

#[test]
fn a_sample_of_none_or_of_all() {
    for percent in ["0", "100"] {
        let guard = format!(
            "guards = [\n  {{ guard = \"not_sampled\", clock = \"fill\", percent = {percent}, say = \"no\" }},"
        );
        fault_at("guards = [", &guard, "not_sampled", "of 1 to 99 percent");
    }
}

#[test]
fn a_clock_that_fires_what_nothing_waits_for() {
    let to = &format!("to = \"filled\"\n{}", closing("filled", "Nobody came."));
    let guard = "guards = [{ guard = \"clock_expired\", clock = \"fill\", say = \"not yet\" }]\n";
    Workflow::load("workflows/pothole.toml", &firing(&format!("{to}{guard}"))).unwrap();

    let another = guard.replace("clock = \"fill\"", "clock = \"other\"");
    let photo = "guards = [{ guard = \"photo_attached\", say = \"attach a photo\" }]\n";
    let data = format!("{guard}data.properties.why = {{ type = \"string\", description = \"Why.\" }}\n");
    for nobody_waits in ["", photo, &another, &data] {
        let text = firing(&format!("{to}{nobody_waits}"));
        let faults = Workflow::load("workflows/pothole.toml", &text).unwrap_err();
        let said: Vec<&str> = faults.iter().map(|fault| fault.reason.as_str()).collect();
        assert!(
            said.iter()
                .any(|reason| reason.contains("of which no edge without data waits")),
            "{nobody_waits}: {said:?}"
        );
    }
}
