//! What holds for every source file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where and stop")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every Rust file beneath a folder of the project.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The folders of `src/` that are capabilities: all but what they stand on and what puts
/// them together.
fn capabilities() -> Vec<String> {
    const OTHERS: [&str; 5] = ["commands", "db", "demo", "doors", "http"];
    let folders = std::fs::read_dir(project().join("src")).unwrap();
    folders
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("mod.rs").exists())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !OTHERS.contains(&name.as_str()))
        .collect()
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let root = project().join("src");
    let files = rust_files(&root);
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (name, product_of(&text))
        })
        .collect()
}

/// A file without what is there for tests alone: a `mod x;` wherever it is declared, and
/// whatever follows from a `mod x {` on.
fn product_of(text: &str) -> String {
    let mut product = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        match lines.next_if(|next| line == "#[cfg(test)]" && next.contains("mod ")) {
            Some(module) if module.ends_with(';') => {}
            Some(_) => break,
            None => {
                product.push_str(line);
                product.push('\n');
            }
        }
    }
    product
}

#[test]
fn only_what_is_there_for_tests_is_left_out() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\npub use a::A;\n#[cfg(test)]\nmod more {\n    use super::*;\n}\n";

    assert_eq!(product_of(text), "mod a;\npub use a::A;\n");
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
    // Each with the reason why it is there.
    const BUT: [(&str, &str); 4] = [
        ("cases/access.rs", "whether the caller sees a case, asked by all"),
        ("demo/people.rs", "sets up the demo, past the API"),
        ("doors/idempotency.rs", "what a repeated request is answered with"),
        ("error.rs", "what the database's errors mean"),
    ];
    none("diesel outside queries and db", |name, text| {
        let may = is_statements(name) || name.starts_with("db/") || BUT.iter().any(|(file, _)| *file == name);
        !may && (text.contains("use diesel;") || text.contains("diesel::"))
    });
}

#[test]
fn connections_are_handed_on_by_few() {
    none("a connection where no statement is sent", |name, text| {
        let may = is_statements(name)
            || ["db/", "doors/", "commands/"]
                .iter()
                .any(|folder| name.starts_with(folder))
            || ["cases/access.rs", "demo/people.rs", "identity/attempt.rs"].contains(&name)
            || name.ends_with("/jobs.rs");
        !may && text.contains("diesel_async")
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
    // Each with the reason why it has to.
    const BUT: [(&str, &str); 5] = [
        ("db/migrate.rs", "writes the built-in roles, which are code"),
        ("db/tx.rs", "writes the audit event in the transaction of the work"),
        ("http/metrics.rs", "shows how far the log is sealed, signed and sent"),
        (
            "http/openapi.rs",
            "tells subjects apart, and what is for people from what is for systems",
        ),
        ("http/routes.rs", "puts together the operations and problems of all"),
    ];
    let capabilities = capabilities();
    let knows = |text: &str| {
        capabilities
            .iter()
            .any(|capability| text.contains(&format!("crate::{capability}")))
    };
    none(
        "http or db that knows a capability, or is listed and does not",
        |name, text| {
            (name.starts_with("http/") || name.starts_with("db/"))
                && knows(text) != BUT.iter().any(|(file, _)| *file == name)
        },
    );
}

/// Whether a text names `part` of `module`: `crate::cases::view`, or `crate::cases::{self, view}`.
fn names(text: &str, module: &str, part: &str) -> bool {
    let between = |c: char| !c.is_alphanumeric() && c != '_';
    let head = format!("crate::{module}::");
    text.split(head.as_str())
        .skip(1)
        .any(|rest| match rest.starts_with('{') {
            true => rest
                .split(';')
                .next()
                .is_some_and(|group| group.split(between).any(|word| word == part)),
            false => rest.split(between).next() == Some(part),
        })
}

#[test]
fn a_capability_is_used_through_what_it_offers() {
    const ITS_OWN: [&str; 3] = ["handlers", "queries", "view"];
    let capabilities = capabilities();
    none("another capability's handlers, queries or view", |name, text| {
        let own = name.split('/').next().unwrap_or_default();
        let mut others = capabilities.iter().filter(|capability| *capability != own);
        name != "http/routes.rs" && others.any(|other| ITS_OWN.iter().any(|part| names(text, other, part)))
    });
}

#[test]
fn a_path_is_recognised_alone_and_in_a_group() {
    let text = "use crate::cases::queries::list;\nuse crate::tasks::{\n    self, view,\n};\nuse crate::audit::viewed;";

    let named = ["cases", "tasks", "audit"].map(|module| ["queries", "view"].map(|part| names(text, module, part)));

    assert_eq!(named, [[true, false], [false, true], [false, false]]);
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
fn every_job_and_command_that_the_log_names_can_be_asked_for() {
    // What PostgreSQL is made ready with, which is never written.
    const UNWRITTEN: &str = "job.prime";
    let migrations = std::fs::read_dir(project().join("migrations")).unwrap();
    let migrations = migrations.map(|folder| std::fs::read_to_string(folder.unwrap().path().join("up.sql")).unwrap());
    let texts: Vec<String> = sources().into_iter().map(|(_, text)| text).chain(migrations).collect();
    let is_one = |part: &&str| {
        let is_name = part.bytes().all(|it| it.is_ascii_lowercase() || b"._".contains(&it));
        is_name && (part.starts_with("job.") || part.starts_with("command.")) && *part != UNWRITTEN
    };
    let named: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split(['"', '\'']).filter(is_one))
        .collect();

    let known = include_str!("../src/audit/actions.rs");

    assert!(named.len() > 10, "{named:?}");
    for name in named {
        assert!(
            known.contains(&format!("\"{name}\"")),
            "{name} is not in audit/actions.rs"
        );
    }
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

/// What follows `call` in a text, up to the closing bracket.
fn told_to<'a>(call: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(call)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// An operation is registered with its description, so that every suite calls it. What is served
/// otherwise is called by one test alone, which goes by the list.
#[test]
fn what_is_served_besides_the_operations_stands_in_the_list() {
    let mut served = BTreeSet::new();
    for (name, text) in sources() {
        let found: Vec<&str> = told_to("web::resource(", &text)
            .chain(told_to("SwaggerUi::new(", &text))
            .collect();
        assert!(found.is_empty() || name == "http/server.rs", "{name} serves {found:?}");
        let document = text.split_once("const DOCUMENT: &str = \"");
        let document = document.and_then(|(_, rest)| rest.split('"').next());
        served.extend(found.into_iter().map(|path| match path {
            "DOCUMENT" => document.unwrap().to_owned(),
            path => path.trim_matches('"').to_owned(),
        }));
    }

    let list = include_str!("api/suites/served_besides.txt").lines();
    let list: BTreeSet<String> = list.map(str::to_owned).collect();
    assert_eq!(served, list);
}

/// Where secrets are dealt with.
const WITH_SECRETS: [&str; 3] = ["commands/", "doors/", "identity/"];

/// Whether a line compares, by `==` or `!=`, something whose name sounds like a secret or like
/// what is kept in the stead of one.
fn compares_a_secret(line: &str) -> bool {
    const SOUNDS: [&str; 10] = [
        "secret",
        "token",
        "hash",
        "digest",
        "password",
        "seed",
        "pepper",
        "totp",
        "recovery_code",
        "checksum",
    ];
    let line = format!(" {} ", line.trim().to_lowercase());
    !line.starts_with(" //")
        && [" == ", " != "].iter().any(|operator| line.contains(operator))
        && SOUNDS.iter().any(|sound| line.contains(sound))
}

#[test]
fn what_is_secret_is_compared_in_a_time_that_tells_nothing() {
    // Each with the reason why its time tells nothing.
    const BUT: [(&str, &str, &str); 11] = [
        ("commands/operator.rs", "prompt_password", "typed twice at a terminal"),
        (
            "commands/production.rs",
            "known.as_bytes() == ",
            "the operator's own, at the start",
        ),
        (
            "commands/production.rs",
            "get_user()",
            "the operator's own, at the start",
        ),
        (
            "identity/device.rs",
            "written(since, &digest) == ",
            "what was sent, with itself",
        ),
        ("identity/passwords.rs", "hash.algorithm == ", "how a hash was made"),
        ("identity/passwords.rs", "hash.version == ", "how a hash was made"),
        ("identity/passwords.rs", "key_id_of(&hash) != ", "ids of keys"),
        ("identity/secrets.rs", "secret.id == ", "ids of keys"),
        ("identity/secrets/file.rs", "octets.len() == ", "lengths"),
        ("identity/tokens/opaque.rs", "length == ", "lengths"),
        (
            "identity/tokens/opaque.rs",
            "checksum == ",
            "what was sent, with itself",
        ),
    ];
    fn is_known(name: &str, line: &str) -> bool {
        BUT.iter().any(|(file, part, _)| *file == name && line.contains(part))
    }
    let sources = sources();
    let of_secrets = sources
        .iter()
        .filter(|(name, _)| WITH_SECRETS.iter().any(|folder| name.starts_with(folder)) && !name.contains("/tests"));
    let lines: Vec<(&str, &str)> = of_secrets
        .flat_map(|(name, text)| text.lines().map(move |line| (name.as_str(), line.trim())))
        .filter(|(_, line)| compares_a_secret(line))
        .collect();

    let unknown: Vec<_> = lines.iter().filter(|(name, line)| !is_known(name, line)).collect();
    assert!(
        unknown.is_empty(),
        "compare in constant time, or say why not: {unknown:?}"
    );
    for (file, part, _) in BUT {
        let is_there = lines.iter().any(|(name, line)| *name == file && line.contains(part));
        assert!(is_there, "{file} compares no {part} any more");
    }
}

#[test]
fn a_comparison_of_secrets_is_recognised() {
    for line in [
        "if kept.secret_hash == hash {",
        "    .any(|it| it != Token::of(text))",
        "    == hash",
    ] {
        assert!(compares_a_secret(line), "{line}");
    }
    for line in [
        "// the hash == that one",
        "if id == other {",
        "let token = parse(text)?;",
        "assert_eq!(hash, other);",
    ] {
        assert!(!compares_a_secret(line), "{line}");
    }
}

#[test]
fn what_holds_a_secret_is_neither_compared_nor_shown_as_it_is() {
    const TYPES: [(&str, &str); 5] = [
        ("identity/client_credentials.rs", "pub enum Proof {"),
        ("identity/passwords.rs", "pub struct Password("),
        ("identity/secrets.rs", "struct Secret {"),
        ("identity/tokens/opaque.rs", "pub struct OpaqueToken<K> {"),
        ("identity/totp.rs", "pub struct Seed("),
    ];
    let sources = sources();
    for (file, declaration) in TYPES {
        let (_, text) = sources.iter().find(|(name, _)| name == file).unwrap();
        let (before, _) = text.split_once(declaration).unwrap();
        let attributes = before.rsplit("\n\n").next().unwrap();
        let derived = attributes.lines().find(|line| line.starts_with("#[derive("));
        for comparing_or_showing in ["PartialEq", "PartialOrd", "Hash", "Debug", "Serialize"] {
            assert!(
                !derived.is_some_and(|derived| derived.contains(comparing_or_showing)),
                "{declaration} derives {comparing_or_showing}"
            );
        }
    }
}

/// The settings that a text names.
fn settings(text: &str) -> BTreeSet<&str> {
    let between = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let is_one = |word: &&str| {
        let is_ours = word.starts_with("WARDLINK_") && !word.ends_with('_');
        is_ours || ["DATABASE_URL", "RUST_LOG"].contains(word)
    };
    text.split(between).filter(is_one).collect()
}

/// The settings in the first column of the tables beneath a heading.
fn listed<'a>(text: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, section) = text.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    cells.flat_map(settings).collect()
}

#[test]
fn each_setting_is_described_and_passed_on_by_the_composition_or_said_why_not() {
    // Its default there is the gateway of the composition's own network.
    const OTHERWISE: &str = "WARDLINK_TRUSTED_PROXIES";
    let (readme, compose) = (include_str!("../README.md"), include_str!("../docker/compose.yaml"));
    let config = product_of(include_str!("../src/config.rs"));
    let mut known = settings(&config);
    // Read by the library that writes the log.
    known.insert("RUST_LOG");

    let described = listed(readme, "## Configuration\n");
    let (_, api) = compose.split_once("\n  api:\n").unwrap();
    let api = api.split("\n  prometheus:\n").next().unwrap();
    let default = |name: &str| {
        let (_, rest) = api.split_once(&format!("      {name}: ${{{name}:-"))?;
        rest.split('}').next()
    };
    let (passed_on, decided): (BTreeSet<&str>, BTreeSet<&str>) =
        described.iter().copied().partition(|&name| default(name).is_some());

    assert_eq!(described, known);
    assert_eq!(decided, listed(include_str!("../docker/README.md"), "## Settings\n"));
    for name in passed_on {
        let given = default(name).unwrap();
        let (start, end) = (format!("| `{name}` |"), format!("| `{given}` |"));
        let mut lines = readme.lines();
        let is_described = lines.any(|line| line.starts_with(&start) && line.ends_with(&end));
        assert!(
            given.is_empty() || is_described || name == OTHERWISE,
            "{name} is {given} in the composition and not by default"
        );
    }
}

#[test]
fn each_control_is_held_by_tests_that_exist_or_says_why_not() {
    let files = ["src", "tests"]
        .map(|folder| rust_files(&project().join(folder)))
        .concat();
    let texts: Vec<String> = files
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let rows: Vec<Vec<&str>> = include_str!("controls.md")
        .lines()
        .map(|line| line.split('|').map(str::trim).collect())
        .filter(|cells: &Vec<&str>| cells.len() == 7 && cells[1].ends_with(|last: char| last.is_ascii_digit()))
        .collect();
    assert!(rows.len() > 70, "{} rows", rows.len());
    for cells in rows {
        let (id, tests, missing) = (cells[1], cells[4], cells[5]);
        assert!(
            !tests.is_empty() || !missing.is_empty(),
            "{id}: neither a test nor a reason"
        );
        for test in tests.split('`').filter(|part| part.contains('_')) {
            let head = format!("fn {test}(");
            assert!(
                texts.iter().any(|text| text.contains(&head)),
                "{id}: there is no test {test}"
            );
        }
    }
}
