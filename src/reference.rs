//! References that people read out: `CAM-7K3F-Q2MK`, `JT-CAM-7K3F-Q2MK`.
//!
//! A prefix, then eight characters of Crockford's base 32, which has no letters
//! that look like digits. Seven are random, so nobody can count or guess them;
//! the last is a check character that catches every single wrong character and
//! every two that were swapped.

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters after the prefix, without the hyphen.
const LENGTH: usize = 8;

/// A fresh reference: `prefix`, a hyphen, and two groups of four characters.
pub fn new_reference(prefix: &str) -> String {
    let chosen: [u8; LENGTH - 1] = rand::random();
    let mut values = chosen.map(|byte| byte & 31).to_vec();
    values.push(times_x(sum_of(&values)));
    let code: String = values.iter().map(|value| symbol(*value)).collect();
    let (first, second) = code.split_at(LENGTH / 2);
    format!("{prefix}-{first}-{second}")
}

/// Whether `reference` ends in two groups of four whose check character fits.
/// Takes small letters, and what people write for 0 and 1, as meant.
pub fn is_well_formed(reference: &str) -> bool {
    let mut groups = reference.rsplitn(3, '-');
    let (second, first, prefix) = (groups.next(), groups.next(), groups.next());
    let (Some(first), Some(second), Some(prefix)) = (first, second, prefix) else {
        return false;
    };
    let values: Option<Vec<u8>> = first.bytes().chain(second.bytes()).map(value).collect();
    let is_in_groups = first.len() == LENGTH / 2 && second.len() == LENGTH / 2;
    !prefix.is_empty() && is_in_groups && values.is_some_and(|values| sum_of(&values) == 0)
}

/// The polynomial whose coefficients are `values`, at x in the field of 32
/// elements. Over at most 31 places no error of one place, and no swap of two
/// places, leaves it unchanged.
fn sum_of(values: &[u8]) -> u8 {
    values.iter().fold(0, |sum, value| times_x(sum) ^ value)
}

/// Multiplies by x modulo x⁵ + x² + 1.
fn times_x(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 32 == 0 {
        doubled
    } else {
        doubled ^ 0b10_0101
    }
}

fn symbol(value: u8) -> char {
    char::from(ALPHABET[usize::from(value & 31)])
}

fn value(symbol: u8) -> Option<u8> {
    let meant = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| *known == meant)?;
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reference_is_its_prefix_and_two_groups_of_four() {
        let reference = new_reference("JT-CAM");

        let code = reference.strip_prefix("JT-CAM-").unwrap();
        assert_eq!(code.len(), 9);
        assert_eq!(code.as_bytes()[4], b'-');
        assert!(is_well_formed(&reference), "{reference}");
    }

    #[test]
    fn small_letters_and_look_alikes_are_read_as_meant() {
        let reference = new_reference("ISL");
        let (prefix, code) = reference.split_at(4);

        assert!(is_well_formed(&reference.to_lowercase()));
        assert!(is_well_formed(&format!(
            "{prefix}{}",
            code.replace('0', "o").replace('1', "l")
        )));
    }

    #[test]
    fn other_texts_are_not_references() {
        for text in [
            "",
            "CAM",
            "CAM-7K3F",
            "-0000-0000",
            "CAM-000-00000",
            "CAM-0000-000U",
            "CAM-0000-0001",
        ] {
            assert!(!is_well_formed(text), "{text}");
        }
    }

    #[test]
    fn references_do_not_repeat() {
        let mut made: Vec<_> = (0..1000).map(|_| new_reference("CAM")).collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 1000);
    }

    fn code() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(0u8..32, LENGTH - 1).prop_map(|mut values| {
            values.push(times_x(sum_of(&values)));
            values
        })
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_noticed(values in code(), place in 0..LENGTH, error in 1u8..32) {
            let mut wrong = values;
            wrong[place] ^= error;
            prop_assert_ne!(sum_of(&wrong), 0);
        }

        #[test]
        fn two_swapped_characters_are_noticed(values in code(), one in 0..LENGTH, other in 0..LENGTH) {
            let mut wrong = values.clone();
            wrong.swap(one, other);
            prop_assert_eq!(sum_of(&wrong) == 0, values[one] == values[other]);
        }
    }
}
