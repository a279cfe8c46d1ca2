//! What is held against a file, so that a change of it shows in review.

/// That `found` is what the file `name` of this folder says. With `WARDLINK_RENEW` the file
/// is written first.
pub fn assert_kept(name: &str, found: &str) {
    let path = format!("{}/tests/api/suites/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("WARDLINK_RENEW").is_ok() {
        std::fs::write(&path, found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let only_in = |one: &str, other: &str, sign: &str| -> String {
        let lines = one.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    assert!(
        found == kept,
        "it is otherwise than {name} says; if that is meant, run this test once with WARDLINK_RENEW=1 \
         and look at the difference:\n{}{}",
        only_in(&kept, found, "-"),
        only_in(found, &kept, "+")
    );
}
