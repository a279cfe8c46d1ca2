//! What the rules say, held against texts that people have read.

/// Holds `found` against a file of the project. A test that is run with `WARDLINK_RENEW=1`
/// writes the file; whoever does so reads the difference.
#[track_caller]
pub fn hold(file: &str, found: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var("WARDLINK_RENEW").is_ok() {
        std::fs::write(&path, found).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let only = |these: &str, those: &str, sign: char| -> String {
        let lines = these.lines().filter(|line| !those.lines().any(|other| other == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    assert!(
        found == kept,
        "{file} says otherwise; if that is meant, run this test once with WARDLINK_RENEW=1 and \
         look at the difference:\n{}{}",
        only(&kept, found, '-'),
        only(found, &kept, '+')
    );
}
