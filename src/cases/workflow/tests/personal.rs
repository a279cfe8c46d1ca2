//! What people write in their own words may name people, and is shown as what does.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::workflow;
use crate::cases::workflow::Catalogue;

/// Texts that are not about people, each with what it is about.
const OF_THINGS: &[(&str, &str)] = &[
    ("by", "the officer who released the scene"),
    ("contractor", "the firm that removed it"),
    ("crew", "the crew that cleaned it, or that a tag names"),
    ("designation", "what the council published"),
    (
        "explanation",
        "worded for the reporter, who may be a stranger to the others",
    ),
    ("legal_basis", "a provision"),
    ("owner_organisation", "an organisation"),
    ("pound_location", "a place of the council"),
    ("style", "how a tag looks"),
    ("text of a tag", "what stands on the wall for all to see"),
    ("times_of_day", "times"),
];

/// Numbers and single words have up to so many characters.
const A_WORD: u64 = 60;

/// Pointers to the texts within a place that nothing marks as personal.
fn unmarked(root: &Value, place: &Value, at: &str, found: &mut BTreeSet<String>) {
    let resolved = match place["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).unwrap(),
        None => place,
    };
    if [place, resolved].iter().any(|it| it["x-personal"] == true) {
        return;
    }
    for (name, inner) in resolved["properties"].as_object().into_iter().flatten() {
        unmarked(root, inner, &format!("{at}/{name}"), found);
    }
    if let Some(items) = resolved.get("items") {
        unmarked(root, items, &format!("{at}/-"), found);
    }
    let is_closed = ["enum", "const", "format", "pattern"]
        .iter()
        .any(|it| resolved.get(it).is_some());
    let is_word = resolved["maxLength"].as_u64().is_some_and(|length| length <= A_WORD);
    if resolved["type"] == "string" && !is_closed && !is_word {
        found.insert(at.to_owned());
    }
}

/// The name under which a text is listed above.
fn listed(at: &str) -> &str {
    match at {
        "/tag/text" => "text of a tag",
        _ => at.rsplit('/').next().unwrap(),
    }
}

#[test]
fn every_text_is_marked_as_personal_or_known_to_be_about_things() {
    let mut found = BTreeSet::new();
    for workflow in Catalogue::built_in().unwrap().iter() {
        let details = workflow.details_schema();
        unmarked(details, details, "", &mut found);
        for edge in &workflow.edges {
            unmarked(&edge.data_schema, &edge.data_schema, "", &mut found);
        }
    }

    let texts: BTreeSet<&str> = found.iter().map(|at| listed(at)).collect();
    let known: BTreeSet<&str> = OF_THINGS.iter().map(|(name, _)| *name).collect();
    assert_eq!(texts, known, "in {found:?}");
}

#[test]
fn of_a_step_nothing_is_left_out_but_what_may_name_people() {
    for (code, event, data, left) in [
        (
            "nuisance",
            "intervene",
            json!({ "intervention": { "type": "advice", "proportionality": "Known to be ill.", "reference": "A1" } }),
            json!({ "intervention": { "type": "advice", "reference": "A1" } }),
        ),
        (
            "nuisance",
            "action_plan",
            json!({ "plan": { "text": "x", "safety": "y" }, "agreed_with_victim": true }),
            json!({ "agreed_with_victim": true }),
        ),
        (
            "abandoned_vehicle",
            "remove_now",
            json!({ "removal": { "inventory": "Letters", "contractor": "Kestrel" }, "pound_location": "Pound 2" }),
            json!({ "removal": { "contractor": "Kestrel" }, "pound_location": "Pound 2" }),
        ),
        (
            "abandoned_vehicle",
            "observe",
            json!({ "observation": { "text": "Two men slept in it." } }),
            json!({ "observation": {} }),
        ),
        (
            "graffiti",
            "consent",
            json!({ "given_by": "Owner", "method": "written" }),
            json!({}),
        ),
        (
            "graffiti",
            "clean",
            json!({ "method": "scrape", "crew": "Crew 4" }),
            json!({ "method": "scrape", "crew": "Crew 4" }),
        ),
    ] {
        let workflow = workflow(code);
        let mut shown = data.clone();
        workflow.conceal_people_in_step(event, &mut shown);
        assert_eq!(shown, left, "{event}");
        assert_eq!(workflow.step_tells_of_people(event, &data), shown != data, "{event}");
        assert!(!workflow.step_tells_of_people(event, &shown), "{event}");
    }
}

#[test]
fn of_a_list_in_the_details_each_item_loses_what_may_name_people() {
    let nuisance = workflow("nuisance");
    let mut details = json!({ "noise_source": "music", "interventions": [
        { "type": "advice", "proportionality": "Known to be ill." },
        { "type": "cpw", "proportionality": "Advice was in vain.", "recipient": "aged_16_or_over" },
    ] });
    assert!(nuisance.tells_of_people(&details));

    nuisance.conceal_people(&mut details);

    let left = json!({ "noise_source": "music",
        "interventions": [{ "type": "advice" }, { "type": "cpw", "recipient": "aged_16_or_over" }] });
    assert_eq!(details, left);
    assert!(!nuisance.tells_of_people(&details));
}
