//! What holds for every source file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where and stop")]

use std::path::{Path, PathBuf};

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            (name, product)
        })
        .collect()
}

fn none(what: &str, wrong: impl Fn(&str, &str) -> bool) {
    let found: Vec<String> = sources()
        .into_iter()
        .filter(|(name, text)| wrong(name, text))
        .map(|(name, _)| name)
        .collect();
    assert!(found.is_empty(), "{what}: {found:?}");
}

/// Rules: the part of a capability that knows neither HTTP nor SQL nor the clock.
fn is_model(name: &str) -> bool {
    name.ends_with("model.rs") || name.contains("/model/") || name.contains("/workflow/") || name.starts_with("clocks/")
}

fn is_statements(name: &str) -> bool {
    name.ends_with("queries.rs") || name.contains("/queries/")
}

#[test]
fn diesel_is_only_where_statements_are() {
    none("diesel outside queries, jobs, db, doors and set-up", |name, text| {
        let may = is_statements(name)
            || ["db/", "doors/", "commands/", "demo/"]
                .iter()
                .any(|folder| name.starts_with(folder))
            || ["error.rs", "cases/access.rs"].contains(&name)
            || name.ends_with("jobs.rs");
        !may && (text.contains("use diesel") || text.contains("diesel::"))
    });
}

#[test]
fn rules_know_neither_http_nor_sql_nor_the_clock() {
    none("a model that knows too much", |name, text| {
        is_model(name)
            && [
                "actix_web",
                "diesel",
                "Utc::now",
                "crate::http",
                "crate::db",
                "crate::doors",
            ]
            .iter()
            .any(|word| text.contains(word))
    });
}

#[test]
fn statements_know_no_http() {
    none("actix in statements", |name, text| {
        is_statements(name) && text.contains("actix_web")
    });
}

#[test]
fn http_and_db_know_no_capability() {
    const CAPABILITIES: [&str; 7] = [
        "cases",
        "tasks",
        "sharing",
        "attachments",
        "partnerships",
        "geography",
        "meetings",
    ];
    none("http or db that knows a capability", |name, text| {
        (name.starts_with("http/") && name != "http/routes.rs" || name.starts_with("db/"))
            && CAPABILITIES
                .iter()
                .any(|capability| text.contains(&format!("crate::{capability}")))
    });
}

#[test]
fn handlers_are_nobody_elses() {
    none("a capability that uses another's handlers", |name, text| {
        let own = name.split('/').next().unwrap_or_default();
        name != "http/routes.rs"
            && text.lines().any(|line| {
                line.contains("::handlers::")
                    && line.trim_start().starts_with("use crate::")
                    && !line.contains(&format!("crate::{own}::"))
            })
    });
}

#[test]
fn no_file_holds_two_subjects() {
    // Tables and demo people are lists, not logic.
    const LISTS: [&str; 2] = ["db/schema.rs", "demo/people.rs"];
    none("longer than 450 lines", |name, text| {
        !LISTS.contains(&name) && text.lines().count() > 450
    });
}

#[test]
fn nothing_is_left_unfinished() {
    none("unfinished", |_, text| {
        ["todo!(", "unimplemented!(", "FIXME", "#[ignore"]
            .iter()
            .any(|word| text.contains(word))
    });
}

#[test]
fn checks_can_be_switched_off_in_debug_builds_alone() {
    none("a switch that a released binary would have", |name, text| {
        let lines: Vec<&str> = text.lines().collect();
        name != "doors/unguarded.rs"
            && (0..lines.len())
                .filter(|at| lines[*at].contains("unguarded"))
                .any(|at| at == 0 || lines[at - 1].trim() != "#[cfg(debug_assertions)]")
    });
    let uses = sources().iter().filter(|(_, text)| text.contains("unguarded")).count();
    assert!(uses > 1, "the switch has another name now");
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(
        !manifest.contains("debug-assertions"),
        "a released binary would have the switch"
    );
}
