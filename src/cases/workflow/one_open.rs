//! What a case is about, where one case of its type is open at a time about the same: a
//! vehicle, by its registration mark.

use serde_json::Value;

use super::Workflow;

impl Workflow {
    /// The detail that says what a case is about, if one case of this type is open at a time
    /// about the same.
    #[must_use]
    pub fn one_open_case_per(&self) -> Option<&str> {
        self.file.one_open_case_per.as_ref().map(|name| name.get_ref().as_str())
    }

    /// What these details say there, as it is kept.
    #[must_use]
    pub fn open_case_key(&self, details: &Value) -> Option<String> {
        details.get(self.one_open_case_per()?)?.as_str().map(key_as_kept)
    }

    /// Writes it as it is kept, however people spelt it.
    pub fn write_key_as_kept(&self, details: &mut Value) {
        if let Some((name, key)) = self.one_open_case_per().zip(self.open_case_key(details)) {
            details[name] = Value::String(key);
        }
    }
}

/// What a case is about, as it is kept however people spell it: in capitals and without
/// white space.
fn key_as_kept(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_uppercase()
}

/// In how many words a registration mark is written at most: `A 123 BCD`.
const MOST_WORDS: usize = 3;

/// What cases may be about of which a search speaks, as it is kept: the search as a whole, and
/// each word of it, or words one after the other, that mixes letters and digits as a
/// registration mark does, `AB12 CDE` in `AB12 CDE, Judd Street`. Of a word that the search
/// leaves out (`-`) none is made.
#[must_use]
pub fn keys_in(search: &str) -> Vec<String> {
    let words: Vec<&str> = search.split_whitespace().collect();
    let spelt = (1..=MOST_WORDS)
        .flat_map(|many| words.windows(many))
        .filter(|words| !words.iter().any(|word| word.starts_with('-')))
        .map(|words| words.concat().to_uppercase())
        .map(|key| key.chars().filter(|it| it.is_alphanumeric()).collect::<String>())
        .filter(|key| key.contains(char::is_numeric) && key.contains(char::is_alphabetic));
    let mut keys: Vec<String> = spelt.chain([key_as_kept(search)]).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::keys_in;
    use crate::cases::workflow::Catalogue;

    #[test]
    fn a_vehicle_is_told_by_its_mark_however_it_is_spelt() {
        let catalogue = Catalogue::built_in().unwrap();
        let vehicle = catalogue.get("abandoned_vehicle").unwrap();
        for spelt in ["AB12CDE", "ab12cde", " Ab12 cDE\t", "A B 1 2\u{a0}C D E"] {
            let mut details = json!({"vrm": spelt, "colour": "light blue"});

            assert_eq!(vehicle.open_case_key(&details).as_deref(), Some("AB12CDE"), "{spelt}");
            vehicle.write_key_as_kept(&mut details);
            assert_eq!(details, json!({"vrm": "AB12CDE", "colour": "light blue"}));
        }
        assert_ne!(
            vehicle.open_case_key(&json!({"vrm": "AB12CDF"})),
            Some("AB12CDE".to_owned())
        );
    }

    #[test]
    fn where_no_mark_is_said_none_is_told_and_nothing_written() {
        let catalogue = Catalogue::built_in().unwrap();
        let vehicle = catalogue.get("abandoned_vehicle").unwrap();
        let graffiti = catalogue.get("graffiti").unwrap();
        let unmarked = [
            json!({}),
            json!({"colour": "ab 12"}),
            json!({"vrm": 7}),
            json!({"vrm": null}),
        ];
        for details in unmarked.into_iter().chain([json!("vrm"), json!([])]) {
            let mut written = details.clone();
            vehicle.write_key_as_kept(&mut written);

            assert_eq!((vehicle.open_case_key(&details), written), (None, details));
        }
        assert_eq!(graffiti.open_case_key(&json!({"vrm": "AB12CDE"})), None);
    }

    #[test]
    fn a_mark_is_found_among_other_words_however_it_is_spelt() {
        for search in [
            "AB12CDE",
            "ab12 cde",
            "AB12 CDE Judd Street",
            "Judd Street, ab12 cde",
            "blue ford AB12CDE",
            "the (AB 12 CDE) by the kerb",
            "\"AB12-CDE\" or XY34 ZZZ",
        ] {
            assert!(keys_in(search).contains(&"AB12CDE".to_owned()), "{search}");
        }
        assert!(keys_in("\"AB12-CDE\" or XY34 ZZZ").contains(&"XY34ZZZ".to_owned()));
    }

    #[test]
    fn words_without_a_mark_and_those_that_are_left_out_make_none() {
        assert_eq!(keys_in("purple viaducts"), ["PURPLEVIADUCTS"]);
        assert_eq!(keys_in("12 Leverton"), ["12LEVERTON"]);
        assert_eq!(keys_in("2026"), ["2026"]);
        assert_eq!(keys_in(""), [""]);
        assert!(!keys_in("ford -AB12CDE").contains(&"AB12CDE".to_owned()));
    }

    #[test]
    fn of_the_longest_search_there_are_three_keys_a_word_at_most() {
        let same = "a1 ".repeat(66);
        let others: Vec<String> = (0..66u8)
            .map(|at| format!("{}{at}", char::from(b'A' + at % 26)))
            .collect();

        assert!(keys_in(&same).len() <= 4);
        assert!(keys_in(&others.join(" ")).len() <= 3 * 66 + 1);
    }
}
