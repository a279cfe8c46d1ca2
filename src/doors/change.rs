//! What a change made of a record, as far as the log is to know.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What the event says by itself: of which record, and when.
const APART: [&str; 4] = ["id", "version", "created_at", "updated_at"];

/// A member of a record that is another than it was.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub member: String,
    /// What it said before; `null` where there was nothing.
    pub from: Value,
    /// What it says now.
    pub to: Value,
}

/// The members in which two views of a record differ, in the order of the alphabet. `null` is
/// the view of one that is not there.
pub fn between(before: &Value, after: &Value) -> Vec<Change> {
    let members = [before, after].into_iter().filter_map(Value::as_object);
    let members: BTreeSet<&String> = members.flat_map(Map::keys).collect();
    let change = |member: &String| Change {
        member: member.clone(),
        from: before[member].clone(),
        to: after[member].clone(),
    };
    members
        .into_iter()
        .filter(|member| !APART.contains(&member.as_str()))
        .map(change)
        .filter(|change| change.from != change.to && !(is_empty(&change.from) && is_empty(&change.to)))
        .collect()
}

/// Whether nothing is said: a list without items is what a record begins with.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(member: &str, from: Value, to: Value) -> Change {
        Change {
            member: member.to_owned(),
            from,
            to,
        }
    }

    #[test]
    fn what_is_another_than_it_was_is_named_with_both() {
        let before = json!({"id": 1, "version": 3, "name": "Desk", "areas": ["W1"], "rank": "Sergeant"});
        let after = json!({"id": 1, "version": 4, "name": "Desk", "areas": null, "rank": "Inspector"});

        let found = between(&before, &after);

        assert_eq!(
            found,
            [
                change("areas", json!(["W1"]), Value::Null),
                change("rank", json!("Sergeant"), json!("Inspector"))
            ]
        );
        assert!(between(&after, &after).is_empty());
    }

    #[test]
    fn of_a_record_that_comes_or_goes_all_that_it_says_is_named() {
        let record = json!({"id": 1, "code": "desk", "areas": [], "terms": {}, "rank": null, "disabled": false});

        let come = between(&Value::Null, &record);
        let gone = between(&record, &Value::Null);

        let (code, disabled) = (json!("desk"), json!(false));
        assert_eq!(
            come,
            [
                change("code", Value::Null, code.clone()),
                change("disabled", Value::Null, disabled.clone())
            ]
        );
        assert_eq!(
            gone,
            [
                change("code", code, Value::Null),
                change("disabled", disabled, Value::Null)
            ]
        );
    }
}
