//! What holds for the description of the API, without a server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonschema::Draft;
use serde_json::{Value, json};
use wardlink::cases::workflow::Catalogue;
use wardlink::http::routes::KEYLESS;
use wardlink::http::{openapi, problems_page};
use wardlink::identity::FOR_PEOPLE;

use crate::suites::leaves::leaves;
use crate::support;

fn document() -> Value {
    serde_json::to_value(openapi::document()).unwrap()
}

/// Every operation, by its id, with parameters and answers written out.
fn operations() -> BTreeMap<String, Value> {
    let operations = support::operations().into_iter();
    operations.map(|operation| (operation.id, operation.document)).collect()
}

/// Every operation, as it stands in the document.
fn as_they_stand(document: &Value) -> impl Iterator<Item = &Value> {
    let items = document["paths"].as_object().unwrap().values();
    items.flat_map(|item| item.as_object().unwrap().values())
}

/// Every link, with the operation and the answer it starts from.
fn links() -> Vec<(String, Value, Value)> {
    let mut links = Vec::new();
    for (id, operation) in operations() {
        for answer in operation["responses"].as_object().unwrap().values() {
            for link in answer.get("links").and_then(Value::as_object).into_iter().flatten() {
                links.push((id.clone(), answer.clone(), link.1.clone()));
            }
        }
    }
    links
}

/// The schema behind a reference, or the schema itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

/// Whether an expression such as `$response.body#/items/0/id` or `$response.header.ETag`
/// names something that the answer has.
fn is_in(document: &Value, answer: &Value, expression: &str) -> bool {
    if let Some(header) = expression.strip_prefix("$response.header.") {
        return answer["headers"].get(header).is_some();
    }
    let content = answer["content"].as_object().unwrap().values().next().unwrap();
    let pointer = expression.strip_prefix("$response.body#/").unwrap();
    let mut schema = resolved(document, &content["schema"]);
    for step in pointer.split('/') {
        let next = match step.parse::<usize>() {
            Ok(_) => schema.get("items"),
            Err(_) => schema["properties"].get(step),
        };
        let Some(next) = next else { return false };
        schema = resolved(document, next);
    }
    true
}

#[test]
fn links_lead_to_operations_that_exist_with_what_the_answer_has() {
    let (document, operations) = (document(), operations());

    for (from, answer, link) in links() {
        let to = link["operationId"].as_str().unwrap();
        let target = operations
            .get(to)
            .unwrap_or_else(|| panic!("{from} leads to {to}, which is nowhere"));
        for (name, value) in link.get("parameters").and_then(Value::as_object).into_iter().flatten() {
            let parameters = target["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|it| it["name"] == *name), "{to} takes no {name}");
            let value = value.as_str().unwrap();
            assert!(is_in(&document, &answer, value), "{from} does not answer {value}");
        }
        // OpenAPI evaluates no expression that is a part of a body.
        assert!(link["requestBody"].is_null(), "{from}: {link}");
    }
}

#[test]
fn the_roads_that_partners_take_are_linked() {
    let found: Vec<(String, String)> = links()
        .into_iter()
        .map(|(from, _, link)| (from, link["operationId"].as_str().unwrap().to_owned()))
        .collect();
    for (from, to) in [
        ("login", "refresh"),
        ("refresh", "refresh"),
        ("create_case", "read_case"),
        ("create_case", "update_case"),
        ("create_case", "transition_case"),
        ("create_case", "propose_task"),
        ("create_case", "share_case"),
        ("list_cases", "read_case"),
        ("propose_task", "read_task"),
        ("propose_task", "accept_task"),
        ("propose_task", "list_task_events"),
        ("list_tasks", "read_task"),
        ("list_tasks_of_case", "read_task"),
        ("share_case", "revoke_share"),
        ("draft_agreement", "sign_agreement"),
    ] {
        assert!(
            found.contains(&(from.to_owned(), to.to_owned())),
            "{from} does not lead to {to}"
        );
    }
}

/// What does not fit a schema that stands under a name.
fn misfits(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let schemas = support::schemas_within(document, schema).into_iter();
    let schemas = schemas.map(|name| (name.clone(), document["components"]["schemas"][&name].clone()));
    let schemas: BTreeMap<String, Value> = schemas.collect();
    let whole = json!({"$ref": schema["$ref"], "components": {"schemas": schemas}});
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    let validator = options.build(&whole).unwrap();
    validator.iter_errors(value).map(|misfit| misfit.to_string()).collect()
}

/// What an answer looks like is seen from its example: its own, or that of its schema. Lines of
/// JSON are none.
#[test]
fn every_answer_of_json_has_an_example_that_fits() {
    let (document, mut seen) = (document(), 0);

    for (id, operation) in operations() {
        let answers = operation["responses"].as_object().unwrap();
        for (status, answer) in answers.iter().filter(|(status, _)| status.starts_with('2')) {
            let content = answer["content"].as_object().into_iter().flatten();
            let is_json =
                |(kind, _): &(&String, &Value)| ["application/json", "application/geo+json"].contains(&kind.as_str());
            for (kind, content) in content.filter(is_json) {
                let schema = &content["schema"];
                let example = content
                    .get("example")
                    .or_else(|| resolved(&document, schema).get("example"));
                let example = example.unwrap_or_else(|| panic!("{id} {status} {kind}: there is no example"));
                assert_eq!(misfits(&document, schema, example), [""; 0], "{id} {status} {kind}");
                seen += 1;
            }
        }
    }
    assert!(seen > 120, "few answers are JSON: {seen}");
}

fn takes(operation: &Value, place: &str, name: &str) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|it| it["in"] == place && it["name"] == name)
}

#[test]
fn what_is_asked_and_answered_in_headers_is_described() {
    for (id, operation) in operations() {
        let answers = operation["responses"].as_object().unwrap();
        let keeps_answers = takes(&operation, "header", "Idempotency-Key");
        let is_paged = takes(&operation, "query", "cursor");
        let signed_in = operation["security"][0].get("bearer").is_some();
        let conditional = answers.contains_key("304");
        assert_eq!(takes(&operation, "header", "If-None-Match"), conditional, "{id}");
        for (status, answer) in answers {
            let has = |name: &str| answer["headers"].get(name).is_some();
            let is_success = status.starts_with('2');
            assert_eq!(has("Link"), is_paged && is_success, "{id} {status}");
            assert_eq!(
                has("Idempotency-Replayed"),
                keeps_answers && is_success,
                "{id} {status}"
            );
            for limit in ["RateLimit-Policy", "RateLimit"] {
                assert_eq!(has(limit), signed_in || status == "429", "{id} {status} {limit}");
            }
        }
    }
}

#[test]
fn whatever_changes_something_takes_a_key_or_says_why_not() {
    let mut keyless = 0;
    for operation in support::operations() {
        let (method, operation) = (operation.method, operation.document);
        let says_why = operation["description"]
            .as_str()
            .is_some_and(|text| text.contains("Takes no `Idempotency-Key`: "));
        let takes_one = takes(&operation, "header", "Idempotency-Key");

        let is_change = method != "GET";
        assert_eq!(takes_one || says_why, is_change, "{}", operation["operationId"]);
        assert!(!(takes_one && says_why), "{}", operation["operationId"]);
        keyless += usize::from(says_why);
    }
    assert_eq!(keyless, KEYLESS.len(), "each that is listed is an operation");
}

#[test]
fn a_patch_is_a_merge_patch_by_either_name() {
    let document = document();
    let patches = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|item| item.get("patch"));
    for patch in patches {
        let content = &patch["requestBody"]["content"];
        assert!(content["application/json"].is_object(), "{}", patch["operationId"]);
        assert_eq!(content["application/merge-patch+json"], content["application/json"]);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(document: &Value, within: &Value) -> usize {
        let own = within.get("$ref").and_then(Value::as_str).map(|reference| {
            let target = document.pointer(reference.strip_prefix('#').unwrap());
            assert!(target.is_some(), "{reference}");
        });
        let below = match within {
            Value::Object(members) => members.values().map(|it| follow(document, it)).sum(),
            Value::Array(items) => items.iter().map(|it| follow(document, it)).sum(),
            _ => 0,
        };
        own.map_or(0, |()| 1) + below
    }
    let document = document();
    assert!(follow(&document, &document) > 500);
}

#[test]
fn whatever_is_answered_beneath_a_case_is_marked() {
    let document = document();
    let mut marked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/cases/{id}") {
            continue;
        }
        for operation in item.as_object().unwrap().values() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let shows = status.starts_with('2') && answer.get("content").is_some();
                let says = answer["headers"].get("Marking").is_some();
                assert_eq!(says, shows, "{} {status}", operation["operationId"]);
                marked += usize::from(says);
            }
        }
    }
    assert!(marked > 15, "{marked}");
}

/// The pages of lists, by the name of their schema, with that of their items.
fn pages(document: &Value) -> BTreeMap<&str, &Value> {
    let schemas = document["components"]["schemas"].as_object().unwrap().iter();
    let pages = schemas.filter(|(_, schema)| {
        let members = &schema["properties"];
        members.get("items").is_some() && members.get("next").is_some()
    });
    pages
        .map(|(name, schema)| (name.as_str(), &schema["properties"]["items"]["items"]))
        .collect()
}

#[test]
fn a_record_of_a_list_is_described_by_name() {
    let document = document();
    let pages = pages(&document);

    assert!(pages.len() > 25, "{}", pages.len());
    for (page, items) in pages {
        let name = items["$ref"]
            .as_str()
            .unwrap_or_else(|| panic!("{page} writes out {items}"));
        let of = page.strip_prefix("Page_").unwrap_or("CaseTypeSummary");
        assert_eq!(name, format!("#/components/schemas/{of}"));
    }
}

/// Headers of one operation or few that have another meaning there than elsewhere.
const OTHERWISE_MEANT: [(&str, &str); 4] = [
    ("export_audit", "Access-Purpose"),
    ("list_audit_events", "Access-Purpose"),
    ("prove_event", "Access-Purpose"),
    ("put_ward_team", "If-Match"),
];

#[test]
fn a_header_of_requests_stands_once() {
    let document = document();
    let declared = document["components"]["parameters"].as_object().unwrap();
    let mut written_out = BTreeSet::new();
    let mut referred = BTreeSet::new();

    for operation in as_they_stand(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            if parameter["in"] == "header" {
                written_out.insert((operation["operationId"].as_str().unwrap(), name));
                assert!(!declared.values().any(|it| it == parameter), "{parameter} is declared");
            }
            referred.extend(parameter["$ref"].as_str());
        }
    }

    assert_eq!(written_out, BTreeSet::from(OTHERWISE_MEANT));
    assert_eq!(referred.len(), declared.len());
}

#[test]
fn a_refusal_of_many_operations_stands_once() {
    let document = document();
    let declared = document["components"]["responses"].as_object().unwrap();
    let mut referred = BTreeSet::new();

    for operation in as_they_stand(&document) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let id = &operation["operationId"];
            assert!(!declared.values().any(|it| it == answer), "{id} writes out {status}");
            referred.extend(answer["$ref"].as_str());
        }
    }

    assert_eq!(referred.len(), declared.len());
}

/// Every object of the document, schemas and all.
fn objects<'a>(within: &'a Value, found: &mut Vec<&'a Value>) {
    if within.is_object() {
        found.push(within);
    }
    match within {
        Value::Object(members) => members.values().for_each(|it| objects(it, found)),
        Value::Array(items) => items.iter().for_each(|it| objects(it, found)),
        _ => {}
    }
}

#[test]
fn nothing_is_said_that_generators_of_clients_refuse() {
    let document = document();
    let mut found = Vec::new();
    objects(&document, &mut found);
    let tuples = found.iter().filter(|it| it["prefixItems"].is_array());

    assert!(tuples.count() > 0);
    for object in found {
        assert!(object["items"] != json!(false), "{object}");
    }
}

#[test]
fn every_kind_of_problem_is_named() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let known: Vec<String> = problems_page::all()
        .map(|problem| format!("/problems/{}", problem.slug))
        .collect();

    assert_eq!(schemas["ProblemType"]["enum"], json!(known));
    for schema in ["Problem", "ProblemDescription"] {
        let kind = &schemas[schema]["properties"]["type"]["$ref"];
        assert_eq!(kind, "#/components/schemas/ProblemType", "{schema}");
    }
    let example = &schemas["Problem"]["example"]["type"];
    assert!(known.contains(&example.as_str().unwrap().to_owned()));
}

/// The names of the schemas that operations refer to in their `part`.
fn named(part: &str, document: &Value) -> BTreeSet<String> {
    let operations = operations();
    let parts = operations.values().map(|operation| &operation[part]);
    parts.flat_map(|part| support::schemas_within(document, part)).collect()
}

fn is_nullable(schema: &Value) -> bool {
    let types = schema["type"].as_array().into_iter().flatten();
    let options = schema["oneOf"].as_array().into_iter().flatten();
    types
        .chain(options.map(|option| &option["type"]))
        .any(|it| it == "null")
}

#[test]
fn what_may_be_null_in_an_answer_is_always_there() {
    let document = document();
    let mut sent = named("requestBody", &document);
    sent.extend(named("parameters", &document));
    let mut nullable = 0;

    for name in named("responses", &document).difference(&sent) {
        let mut parts = Vec::new();
        objects(&document["components"]["schemas"][name], &mut parts);
        for part in parts {
            let members = part["properties"].as_object().into_iter().flatten();
            for (member, _) in members.filter(|(_, schema)| is_nullable(schema)) {
                let required = part["required"].as_array().into_iter().flatten();
                let is_there = required.into_iter().any(|it| it == member);
                assert!(is_there, "{name} may lack {member}");
                nullable += 1;
            }
        }
    }

    assert!(nullable > 100, "{nullable}");
}

/// What is sent of things past. Whatever else has a day or time in its example is sent of what
/// lies ahead, and goes on doing so.
const OF_THE_PAST: [(&str, &str); 8] = [
    ("export_audit", "/from"),
    ("export_audit", "/to"),
    ("review_agreement", "/held_on"),
    ("set_organisation_flag", "/valid_from"),
    ("set_ward_priority", "/set_on"),
    ("share_case", "/quality/as_of"),
    ("update_ward_priority", "/actions/0/on"),
    ("update_ward_priority", "/reviewed_on"),
];

#[test]
fn what_has_to_lie_ahead_in_an_example_does() {
    let document = document();
    let (mut past, mut ahead) = (Vec::new(), 0);

    for operation in support::operations() {
        let (Some(schema), Some(body)) = (&operation.schema, &operation.body) else {
            continue;
        };
        for leaf in leaves(schema, &document) {
            let is_a_time = matches!(leaf.schema["format"].as_str(), Some("date" | "date-time"));
            let said = body.pointer(&leaf.place).and_then(Value::as_str);
            let place = (operation.id.as_str(), leaf.place.as_str());
            let Some(said) = said.filter(|_| is_a_time) else {
                continue;
            };
            match OF_THE_PAST.iter().find(|known| **known == place) {
                Some(known) => past.push(*known),
                None => {
                    assert!(said >= "2030", "{place:?} will soon be over: {said}");
                    ahead += 1;
                }
            }
        }
    }

    past.sort_unstable();
    past.dedup();
    assert_eq!(past, OF_THE_PAST);
    assert!(ahead > 5, "{ahead}");
}

#[test]
fn a_system_may_call_what_is_not_for_people() {
    let mut of_systems = 0;
    for operation in support::operations() {
        let requirements = operation.document["security"].as_array().unwrap();
        let system = requirements.iter().find_map(|it| it.get("system"));
        let code = operation.permission.as_deref();
        let is_open = code.is_some_and(|code| !FOR_PEOPLE.contains(&code));
        assert_eq!(system.is_some(), is_open, "{}", operation.id);
        if let Some(scopes) = system {
            let scopes = scopes.as_array().unwrap().iter().filter_map(Value::as_str);
            let code = code.filter(|code| !code.is_empty());
            assert!(scopes.eq(code), "{}", operation.id);
            of_systems += 1;
        }
        let is_of_clients = operation.path.starts_with("/oauth/");
        let by_secret = requirements.iter().any(|it| it.get("client").is_some());
        assert_eq!(by_secret, is_of_clients, "{}", operation.id);
    }
    assert!(of_systems > 80, "{of_systems}");
    let document = document();
    let flow = &document["components"]["securitySchemes"]["system"]["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"], "/oauth/token");
    let scopes = flow["scopes"].as_object().unwrap();
    assert!(scopes.values().all(|meaning| meaning.as_str().unwrap().len() > 10));
    assert!(FOR_PEOPLE.iter().all(|code| !scopes.contains_key(*code)));
}

#[test]
fn the_case_types_and_states_that_there_are_can_be_asked_for() {
    let catalogue = Catalogue::built_in().unwrap();
    let types: BTreeSet<&str> = catalogue.iter().map(|workflow| workflow.code()).collect();
    let states = catalogue.iter().flat_map(|workflow| &workflow.file().states);
    let states: BTreeSet<&str> = states.map(|state| state.get_ref().name.get_ref().as_str()).collect();
    let operations = operations();
    let parameters = operations["list_cases"]["parameters"].as_array().unwrap();

    for (name, there_are) in [("type", types), ("state", states)] {
        let parameter = parameters.iter().find(|it| it["name"] == name).unwrap();
        let listed = parameter["schema"]["enum"].as_array().unwrap().iter();
        let listed: BTreeSet<&str> = listed.filter_map(Value::as_str).collect();
        assert_eq!(listed, there_are, "{name}");
    }
}

/// Refuses members that a schema does not name, wherever it names some.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn every_member_of_a_case_type_is_described() {
    let document = document();
    let reference = json!({"$ref": "#/components/schemas/CaseType"});
    let mut schemas = BTreeMap::new();
    for name in support::schemas_within(&document, &reference) {
        let mut schema = document["components"]["schemas"][&name].clone();
        // An example may have a member of that name.
        schema.as_object_mut().unwrap().remove("example");
        close(&mut schema);
        schemas.insert(name, schema);
    }
    let whole = json!({"$ref": reference["$ref"], "components": {"schemas": schemas}});
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    let validator = options.build(&whole).unwrap();

    for workflow in Catalogue::built_in().unwrap().iter() {
        let served = workflow.document();
        let misfits = validator.iter_errors(&served);
        let misfits: Vec<String> = misfits.map(|it| format!("{}: {it}", it.instance_path())).collect();
        assert!(misfits.is_empty(), "{}: {misfits:#?}", workflow.code());
    }
}

#[test]
fn a_subject_is_of_one_kind_and_has_its_particulars() {
    let document = document();
    let schemas = &document["components"]["schemas"];

    for (name, beginning) in [("NewSubject", "New"), ("SubjectView", "")] {
        let mapping = schemas[name]["discriminator"]["mapping"].as_object().unwrap();
        assert_eq!(schemas[name]["discriminator"]["propertyName"], "kind");
        assert_eq!(schemas[name]["oneOf"].as_array().unwrap().len(), mapping.len());
        for (kind, own) in mapping {
            let title = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
            assert_eq!(*own, format!("#/components/schemas/{beginning}{title}Subject"));
            let own = document.pointer(own.as_str().unwrap().trim_start_matches('#')).unwrap();
            assert_eq!(own["properties"]["kind"]["enum"], json!([kind]));
            assert_eq!(
                own["properties"]["particulars"]["$ref"],
                format!("#/components/schemas/{title}Particulars")
            );
            let required = own["required"].as_array().unwrap();
            assert!(required.contains(&json!("kind")) && required.contains(&json!("particulars")));
            assert_eq!(own["example"]["kind"], *kind);
        }
        assert_eq!(mapping.len(), 4);
    }
}

/// Where a schema's type is declared, by the name of the schema. Two types of one name
/// overwrite one another in the document, and nothing complains.
#[test]
fn no_schema_name_stands_for_two_types() {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for name in schema_names(&text) {
            declared.entry(name).or_default().push(path.display().to_string());
        }
    }
    assert!(declared.contains_key("TaskView") && declared.contains_key("AuditOutcome"));
    declared.retain(|_, places| places.len() > 1);
    assert!(declared.is_empty(), "{declared:#?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The names that the types of a file have in the document: their own, or the one
/// that `#[schema(as = …)]` gives them.
fn schema_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut pending = false;
    let mut renamed: Option<String> = None;
    let mut derive = false;
    for line in text.lines().map(str::trim) {
        if derive || line.starts_with("#[derive(") {
            pending = line.contains("ToSchema") || (derive && pending);
            derive = !line.ends_with(")]");
            renamed = None;
        } else if pending && line.starts_with("#[schema(as = ") {
            let rest = line.trim_start_matches("#[schema(as = ");
            renamed = rest.split([',', ')']).next().map(str::to_owned);
        } else if pending && let Some(name) = type_name(line) {
            names.push(renamed.take().unwrap_or(name));
            pending = false;
        }
    }
    names
}

fn type_name(line: &str) -> Option<String> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("pub(super) ").unwrap_or(line);
    let rest = line.strip_prefix("struct ").or_else(|| line.strip_prefix("enum "))?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}
