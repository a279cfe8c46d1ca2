//! What somebody could do next with a case, and what that still lacks.

use serde_json::{Value, json};
use toml::Spanned;

use super::engine::{closes, is_within, permits};
use super::facts::{Allowed, Facts};
use super::guard::View;
use super::{Edge, Workflow, closure, effects, risk, schema};

impl Workflow {
    /// Every event this actor could record from the state the case is in, with what is missing
    /// that the event's own data cannot bring.
    #[must_use]
    pub fn allowed(&self, facts: &Facts) -> Vec<Allowed> {
        let case = facts.case_members();
        let edges = self.edges.iter();
        edges
            .filter(|edge| self.leaves(&edge.line, &facts.state) && permits(edge, facts))
            .map(|edge| Allowed {
                event: edge.line.event.get_ref().clone(),
                to: edge.line.targets(&facts.state),
                missing: self.missing(edge, facts, &case),
            })
            .collect()
    }

    /// What is missing whatever comes with the event: the least of all that it may choose.
    fn missing(&self, edge: &Edge, facts: &Facts, case: &Value) -> Vec<String> {
        let mut least: Option<Vec<String>> = None;
        for data in &edge.choices {
            let lacks = self.missing_where(edge, facts, case, data);
            if lacks.is_empty() {
                return lacks;
            }
            if least.as_ref().is_none_or(|least| lacks.len() < least.len()) {
                least = Some(lacks);
            }
        }
        least.unwrap_or_default()
    }

    /// What is missing where these words come with the event, and cannot come besides.
    fn missing_where(&self, edge: &Edge, facts: &Facts, case: &Value, data: &Value) -> Vec<String> {
        let before = View {
            case,
            before: &facts.details,
            details: &facts.details,
            data,
        };
        let details = effects::details_after(&edge.line, facts, &before);
        let view = View {
            details: &details,
            ..before
        };
        let guards = edge.guards.iter();
        let mut unmet: Vec<_> = guards
            .filter(|guard| !guard.pointers().any(|at| may_come(edge, &view, at)))
            .filter_map(|guard| guard.unmet(facts, &view))
            .collect();
        let target = self.target(&edge.line, facts, edge.line.event.get_ref(), data);
        if target.is_ok_and(|target| closes(target, facts)) {
            unmet.extend(closure::unmet_by_case(self, facts));
        }
        unmet.into_iter().map(|unmet| unmet.say).collect()
    }
}

/// Whether what a pointer names may still come with the event: it is data of which nothing is
/// said yet, or is written from such data, where that must come or nothing stands there.
fn may_come(edge: &Edge, view: &View<'_>, at: &str) -> bool {
    if at.starts_with("/data") {
        return view.at(at).is_none();
    }
    let mut sets = edge.line.sets.iter().map(Spanned::get_ref);
    sets.any(|set| {
        let writes_there = is_within(at, &set.to) || is_within(&set.to, at);
        // How many earlier reports there are is looked up as the step is taken.
        let comes = |from: &&str| from.starts_with("/data") || *from == risk::EARLIER_REPORTS;
        let from = set.from.as_deref().filter(comes);
        let is_open = from.is_some_and(|from| view.at(from).is_none());
        let must_come = from.and_then(|from| from.strip_prefix("/data"));
        let must_come = must_come.is_some_and(|from| schema::requires(&edge.data_schema, from));
        writes_there && is_open && (must_come || view.at(at).is_none())
    })
}

/// What the data may say in the members that have to be there, may say one of a few words,
/// and are looked at: every combination, and nothing besides.
pub(super) fn choices(schema: &Value, is_looked_at: &dyn Fn(&str) -> bool) -> Vec<Value> {
    choices_within(schema, schema, "/data", is_looked_at)
}

fn choices_within(root: &Value, place: &Value, at: &str, is_looked_at: &dyn Fn(&str) -> bool) -> Vec<Value> {
    let mut found = vec![json!({})];
    let required = place["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        let at = format!("{at}/{name}");
        let Some(member) = schema::resolved(root, &place["properties"][name]) else {
            continue;
        };
        let words = match &member["enum"] {
            Value::Array(words) if is_looked_at(&at) => words.clone(),
            _ => choices_within(root, member, &at, is_looked_at),
        };
        if words != [json!({})] {
            found = found.iter().flat_map(|said| with_each(said, name, &words)).collect();
        }
    }
    found
}

/// What is said, and each of these words under a name.
fn with_each(said: &Value, name: &str, words: &[Value]) -> Vec<Value> {
    let with = |word: &Value| {
        let mut said = said.clone();
        said[name] = word.clone();
        said
    };
    words.iter().map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_have_to_be_said_and_are_looked_at_are_chosen_from() {
        let schema = json!({
            "$defs": {"kind": {"enum": ["a", "b"]}},
            "required": ["kind", "inner", "free", "unseen"],
            "properties": {
                "kind": {"$ref": "#/$defs/kind"},
                "inner": {"required": ["how"], "properties": {"how": {"enum": [1, 2]}, "why": {"enum": [3]}}},
                "free": {"type": "string"},
                "unseen": {"enum": ["x", "y"]},
                "optional": {"enum": ["z"]},
            },
        });
        let found = choices(&schema, &|at| at != "/data/unseen");
        let expected = [
            json!({"kind": "a", "inner": {"how": 1}}),
            json!({"kind": "a", "inner": {"how": 2}}),
            json!({"kind": "b", "inner": {"how": 1}}),
            json!({"kind": "b", "inner": {"how": 2}}),
        ];
        assert_eq!(found, expected);
        assert_eq!(choices(&json!({}), &|_| true), [json!({})]);
    }
}
