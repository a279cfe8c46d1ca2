//! A case in which whatever can be said of one says a word of its class.
//!
//! What can be said is read from the OpenAPI document and, where a case type or a step asks
//! for more, from its schema. Whoever adds a member that takes a text says in `said.rs` what
//! it tells of.

mod said;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use chrono::{Duration, NaiveDate, SecondsFormat};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::http::openapi;

use self::said::{Member, Says, UNSAID, members, of_cases, says};
use super::world::{World, canaries};
use crate::support::{BOUNDARY, Operation, TestApp, form, instant};

/// A word in lower case, and the class of what it stands in.
pub type Word = (&'static str, String);

/// Says words, and keeps which and where.
pub struct Planter {
    document: Value,
    operations: Vec<(Operation, Value)>,
    words: BTreeMap<(&'static str, String), Value>,
    said: BTreeSet<(String, String)>,
}

impl Planter {
    fn new() -> Self {
        Self {
            document: serde_json::to_value(openapi::document()).unwrap(),
            operations: of_cases(),
            words: BTreeMap::new(),
            said: BTreeSet::new(),
        }
    }

    /// Every word said, that of each class alone among them.
    pub fn words(&self) -> Vec<Word> {
        let birds = canaries().into_iter().map(|(class, bird)| (class, bird.to_owned()));
        // When a photograph or document was taken, in every form.
        let taken_at = ("attachments", "2026-03-02t08:40:00z".to_owned());
        birds.chain(self.own_words()).chain([taken_at]).collect()
    }

    /// The words that stand in this case and in no other of the world.
    pub fn own_words(&self) -> Vec<Word> {
        let is_bird = |text: &str| canaries().iter().any(|(_, bird)| *bird == text);
        let texts = self.words.iter().flat_map(|((class, _), said)| {
            let texts = match said {
                // Ids are full of digits.
                Value::String(text) if text.bytes().all(|it| it.is_ascii_digit()) => vec![format!("\"{text}\"")],
                Value::String(text) => vec![text.to_lowercase()],
                // As they are written in JSON, without a sign.
                Value::Array(degrees) => degrees
                    .iter()
                    .map(|it| it.to_string().trim_start_matches('-').to_owned())
                    .collect(),
                other => panic!("{other} is no word"),
            };
            let class = *class;
            texts.into_iter().map(move |text| (class, text))
        });
        let file = FILE_WORDS.map(|word| ("attachments", word.to_owned()));
        texts.filter(|(_, text)| !is_bird(text)).chain(file).collect()
    }

    /// The body of an operation, in which every member that tells of a case does so.
    fn body(&mut self, id: &str, mut body: Value) -> Value {
        let found = self.operations.iter().find(|(operation, _)| operation.id == id);
        let (_, schema) = found.unwrap();
        for member in members(&self.document, schema) {
            if let Says::Of(class) = says(id, &member.pointer) {
                put(&mut body, &member.pointer, self.word(class, &member));
                self.said.insert((id.to_owned(), member.pointer));
            }
        }
        body
    }

    /// What a schema of its own asks for: of that class, or of `subjects` as it is marked.
    fn by_schema(&mut self, root: &Value, schema: &Value, class: &'static str) -> Value {
        let mut body = json!({});
        for member in members(root, schema) {
            let class = if member.is_personal { "subjects" } else { class };
            put(&mut body, &member.pointer, self.word(class, &member));
        }
        body
    }

    /// Particulars of that kind.
    fn particulars(&mut self, kind: &str) -> Value {
        let document = self.document.clone();
        let schema = &document["components"]["schemas"][kind];
        assert!(schema.is_object(), "no schema {kind}");
        self.by_schema(&document, schema, "subjects")
    }

    /// What is recorded with a step.
    fn data(&mut self, app: &TestApp, kind: &str, event: &str, class: &'static str) -> Value {
        let document = app.services.workflows.get(kind).unwrap().document();
        let mut edges = document["edges"].as_array().unwrap().iter();
        let schema = &edges.find(|edge| edge["event"] == event).unwrap()["data"];
        self.by_schema(schema, schema, class)
    }

    /// What is said in a member of that name: always the same for one class.
    fn word(&mut self, class: &'static str, member: &Member) -> Value {
        let many = self.words.len();
        let key = (class, member.pointer.clone());
        self.words
            .entry(key)
            .or_insert_with(|| fitting(class, member, many))
            .clone()
    }

    /// Whether everything was said that can be.
    pub fn assert_all_said(&self) {
        for (operation, schema) in &self.operations {
            for member in members(&self.document, schema) {
                let place = (operation.id.clone(), member.pointer);
                let is_left_out = UNSAID.contains(&(place.0.as_str(), place.1.as_str()));
                let tells = matches!(says(&place.0, &place.1), Says::Of(_));
                assert_eq!(
                    self.said.contains(&place),
                    tells && !is_left_out,
                    "{place:?} is said or is left out with a reason"
                );
            }
        }
    }
}

/// A word that fits, and that is told from the `many` before.
fn fitting(class: &str, member: &Member, many: usize) -> Value {
    let schema = &member.schema;
    let many = i64::try_from(many).unwrap();
    if schema["prefixItems"].is_array() {
        return json!([-0.13857431, 51.54753179]);
    }
    match schema["format"].as_str() {
        Some("date-time") => {
            // Ever later, since some have to be in order.
            let at = instant("2025-12-01T00:00:07Z") + Duration::minutes(61 * many);
            return json!(at.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        Some("date") => {
            // A promise lies ahead.
            let is_promised = member.pointer.ends_with("/promised_date");
            let year = if is_promised { 2087 } else { 1987 };
            let day = NaiveDate::from_ymd_opt(year, 3, 1).unwrap() + Duration::days(many);
            return json!(day.to_string());
        }
        _ => {}
    }
    let birds = canaries();
    let (_, bird) = birds.iter().find(|(known, _)| *known == class).unwrap();
    match schema["pattern"].as_str() {
        Some("^[A-Z0-9]{1,10}$") => json!(bird.to_uppercase()),
        // Without letters that are taken for digits.
        Some("^[A-HJ-NPR-Z0-9]{5,17}$") => json!("VN7C4N4RYW8B2"),
        Some(digits) if digits.starts_with("^[0-9]{") => json!(format!("7004{many:04}")),
        Some(other) if !other.starts_with(r"^[^\x00") => panic!("{}: what fits {other}?", member.pointer),
        _ => {
            let word = format!("{bird}{}", member.pointer.replace('/', "-"));
            let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
            let fits = word.len() as u64 <= most;
            json!(if fits { word } else { (*bird).to_owned() })
        }
    }
}

fn put(body: &mut Value, pointer: &str, value: Value) {
    let mut place = body;
    for name in pointer.split('/').skip(1) {
        let is_list = name == "0";
        if is_list && place.is_null() {
            *place = json!([null]);
        }
        place = if is_list { &mut place[0] } else { &mut place[name] };
    }
    *place = value;
}

const KIND: &str = "abandoned_vehicle";
/// Name and content of what is attached.
const FILE_WORDS: [&str; 2] = ["zqfilebird.txt", "zqfilebird-content"];

/// Says all there is to say of a case of Camden, and puts it in the place of the world's: it
/// is open to the police with nothing but its core.
pub async fn plant(world: &mut World) -> Planter {
    let mut planter = Planter::new();
    let case = record(&mut planter, world).await;
    let (task, other_tasks) = ask(&mut planter, world, case).await;
    let shares = share(&mut planter, world, case).await;
    let path = format!("/v1/cases/{case}");
    let (app, owner) = (&world.app, &world.owner);
    let note = planter.body("add_note", json!({"audience": "partners", "basis": "fact"}));
    let note = app.post(owner, &format!("{path}/notes"), note).await.expect(201).id();
    let subject = subjects(&mut planter, world, &path).await;
    let [name, content] = FILE_WORDS;
    let file = form(name, "text/plain", content.as_bytes(), "document");
    let attachment = app
        .draft(owner, Method::POST, &format!("{path}/attachments"))
        .bytes(&format!("multipart/form-data; boundary={BOUNDARY}"), file)
        .send()
        .await
        .expect(201)
        .id();
    // Last, for what one can do with a case that is claimed is little.
    for (event, class) in [("observe", "core"), ("claimed", "subjects")] {
        let data = planter.data(app, KIND, event, class);
        let step = planter.body("transition_case", json!({"event": event, "data": data}));
        app.post_to(owner, &path, "transitions", step).await.expect(200);
    }
    let file = &mut world.file;
    (file.case, file.note, file.subject, file.attachment) = (case, note, subject, attachment);
    (file.task, file.other_tasks, file.shares) = (task, other_tasks, shares);
    planter
}

async fn record(planter: &mut Planter, world: &World) -> Uuid {
    let (app, owner) = (&world.app, &world.owner);
    let workflow = app.services.workflows.get(KIND).unwrap();
    let details = planter.by_schema(workflow.details_schema(), workflow.details_schema(), "core");
    let mut base = app.case_body(KIND).await;
    base["details"] = details.clone();
    let body = planter.body("create_case", base);
    let case = app.post(owner, "/v1/cases", body).await.expect(201).id();
    let path = format!("/v1/cases/{case}");
    let change = json!({"location": {"type": "Point"}, "details": details});
    let change = planter.body("update_case", change);
    app.patch(owner, &path, change).await.expect(200);
    let position = planter.body("take_position", json!({"stance": "leading"}));
    app.draft(owner, Method::PUT, &format!("{path}/positions/mine"))
        .json(position)
        .send()
        .await
        .expect(200);
    let link = json!({"linked_case_id": world.file.shared, "kind": "related"});
    let link = planter.body("link_cases", link);
    app.post(owner, &format!("{path}/links"), link).await.expect(201);
    case
}

/// A person, a vehicle, premises and an organisation; answers the person.
async fn subjects(planter: &mut Planter, world: &World, path: &str) -> Uuid {
    let (app, owner) = (&world.app, &world.owner);
    let mut added = Vec::new();
    for (kind, schema) in [
        ("person", "PersonParticulars"),
        ("vehicle", "VehicleParticulars"),
        ("premises", "PremisesParticulars"),
        ("organisation", "OrganisationParticulars"),
    ] {
        let particulars = planter.particulars(schema);
        let body = json!({"kind": kind, "role": "witness", "basis": "fact", "particulars": particulars});
        let body = planter.body("add_subject", body);
        added.push(
            app.post(owner, &format!("{path}/subjects"), body)
                .await
                .expect(201)
                .id(),
        );
    }
    let particulars = planter.particulars("PersonParticulars");
    let change = planter.body("correct_subject", json!({"particulars": particulars}));
    app.patch(owner, &format!("{path}/subjects/{}", added[0]), change)
        .await
        .expect(200);
    added[0]
}

/// Opens the case to the police; has one to the housing provider refused, and another case
/// recalled from the police.
async fn share(planter: &mut Planter, world: &World, case: Uuid) -> Vec<Uuid> {
    let (app, owner, police) = (&world.app, &world.owner, &world.police);
    let housing = app.organisation("Primrose Homes").await;
    let mut asked = Vec::new();
    for to in [police.org_id, housing] {
        let base = json!({"organisation_id": to, "level": "contribute", "data_classes": ["core"],
            "gateway": "CDA115", "quality": {"completeness": "complete"}});
        let body = planter.body("share_case", base);
        let path = format!("/v1/cases/{case}/shares");
        asked.push(app.post(owner, &path, body).await.expect(201).id());
    }
    app.post_to(&world.keeper, &format!("/v1/shares/{}", asked[0]), "approve", json!({}))
        .await
        .expect(200);
    let no = planter.body("refuse_share", json!({}));
    app.post_to(&world.keeper, &format!("/v1/shares/{}", asked[1]), "refuse", no)
        .await
        .expect(200);
    let wrong = app
        .open_to(owner, world.file.shared, police.org_id, "view", &["core"])
        .await;
    let recall = format!("/v1/shares/{wrong}/recall");
    let because = planter.body("recall_share", json!({}));
    app.post(owner, &recall, because).await.expect(200);
    let kept = planter.body("acknowledge_recall", json!({"outcome": "relied_on"}));
    app.post(police, &format!("{recall}/acknowledge"), kept)
        .await
        .expect(200);
    vec![asked[0], wrong, asked[1]]
}

/// Has the police do something, decline something, and leave something undone that is
/// cancelled and something that waits for them.
async fn ask(planter: &mut Planter, world: &World, case: Uuid) -> (Uuid, Vec<Uuid>) {
    let (app, owner, police) = (&world.app, &world.owner, &world.police);
    app.open_to(owner, case, police.org_id, "contribute", &["core"]).await;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let base = json!({"tactic": "patrol", "priority": "p2", "owner_org_id": police.org_id,
            "due_at": "2026-03-09T17:00:00Z"});
        let body = planter.body("propose_task", base);
        let path = format!("/v1/cases/{case}/tasks");
        tasks.push(app.post(owner, &path, body).await.expect(201).id());
    }
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await.user_id;
    let steps = [
        (0, police, "counter", json!({"due_at": "2026-03-12T17:00:00Z"})),
        (0, owner, "agree", json!({})),
        (0, police, "accept", json!({"owner_user_id": police.user_id})),
        (0, police, "start", json!({})),
        (0, police, "block", json!({"reason": "other"})),
        (0, police, "unblock", json!({})),
        (0, police, "reassign", json!({"owner_user_id": sergeant})),
        (0, police, "reassign", json!({"owner_user_id": police.user_id})),
        (0, owner, "extend", json!({"due_at": "2026-03-20T17:00:00Z"})),
        (0, police, "submit", json!({"outcome": "done"})),
        (0, owner, "return", json!({})),
        (0, police, "submit", json!({"outcome": "done"})),
        (0, owner, "verify", json!({})),
        (0, owner, "assess", json!({"effectiveness": 2})),
        (1, police, "decline", json!({"reason": "no_power"})),
        (2, owner, "cancel", json!({})),
    ];
    for (task, who, verb, base) in steps {
        let body = planter.body(&format!("{verb}_task"), base);
        let path = format!("/v1/tasks/{}", tasks[task]);
        app.post_to(who, &path, verb, body).await.expect(200);
    }
    (tasks[0], tasks.split_off(1))
}
