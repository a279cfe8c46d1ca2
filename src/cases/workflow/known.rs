//! What the files compiled in call their case types and states, for whoever asks for them by
//! name.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::{BUILT_IN, file};

struct Known {
    types: Vec<String>,
    states: BTreeSet<String>,
}

/// A file that cannot be read stops the start, and has no names here.
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| file::read(name, text).ok();
    let files: Vec<_> = BUILT_IN.iter().filter_map(read).collect();
    let states = files.iter().flat_map(|file| &file.states);
    Known {
        types: files.iter().map(|file| file.case_type.get_ref().clone()).collect(),
        states: states.map(|state| state.get_ref().name.get_ref().clone()).collect(),
    }
});

/// The case types, in the order of the files.
pub fn types() -> impl Iterator<Item = &'static str> {
    KNOWN.types.iter().map(String::as_str)
}

/// The states of any of them, in alphabetical order.
pub fn states() -> impl Iterator<Item = &'static str> {
    KNOWN.states.iter().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::Catalogue;
    use super::*;

    #[test]
    fn what_is_known_by_name_is_what_there_is() {
        let catalogue = Catalogue::built_in().unwrap();
        let codes: Vec<&str> = catalogue.iter().map(|workflow| workflow.code()).collect();

        assert_eq!(types().collect::<Vec<_>>(), codes);
        for state in states() {
            assert!(
                catalogue.iter().any(|workflow| workflow.state(state).is_some()),
                "{state}"
            );
        }
        for workflow in catalogue.iter() {
            assert!(
                states().any(|state| state == workflow.initial_state()),
                "{}",
                workflow.code()
            );
        }
    }
}
