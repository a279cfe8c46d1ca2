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
#[must_use]
pub fn key_as_kept(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
}
