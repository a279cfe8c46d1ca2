//! The list of cases: its pages, and its filters, each of which finds something and leaves
//! something out. What finds few is looked up in an index, behind row-level security too.

use chrono::Duration;
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::json;
use uuid::Uuid;

use crate::support::{ALL_CLASSES, Actor, TestApp};

const MANAGER: &str = "csm@camden.example";
const POLICE: &str = "insp.north@met.example";
const SERGEANT: &str = "sgt.kentish-town@met.example";

/// Four cases that the manager sees: one that they lead, one that is closed, one given to
/// the police, and one taken from them.
struct Four {
    app: TestApp,
    manager: Actor,
    police: Actor,
    cases: [(&'static str, Uuid); 4],
}

impl Four {
    /// Recorded on Monday, 2 March; who leads the first changes it on Wednesday.
    async fn until_wednesday() -> Self {
        let app = TestApp::start().await;
        let (manager, police) = (app.sign_in(MANAGER).await, app.sign_in(POLICE).await);
        let (led, closed) = (
            app.case(&manager, "graffiti").await,
            app.case(&manager, "graffiti").await,
        );
        let mut tag = app.case_body("graffiti").await;
        tag["title"] = json!("Purple tag on the viaduct");
        tag["location"]["coordinates"] = json!([-0.1256, 51.5290]);
        tag["uprn"] = json!("5117512");
        let given = app.post(&manager, "/v1/cases", tag).await.expect(201).id();
        let taken = app.a_shared_case(&police, &manager, "view", ALL_CLASSES).await;
        app.open_to(&manager, given, police.org_id, "view", &["core"]).await;
        let mural = json!({"classification": "art_permitted", "explanation": "A mural.", "reporter_told": true});
        app.transition(&manager, closed, "classify", mural).await.expect(200);
        app.later(Duration::days(2));
        let lead = json!({"lead": manager.user_id});
        app.patch(&manager, &format!("/v1/cases/{led}"), lead).await.expect(200);
        Self {
            app,
            manager,
            police,
            cases: [("led", led), ("closed", closed), ("given", given), ("taken", taken)],
        }
    }

    /// What of them the manager finds, by name.
    async fn found(&self, query: &str) -> Vec<&'static str> {
        let path = format!("/v1/cases?{query}");
        let list = self.app.get(&self.manager, &path).await.expect(200);
        let items = list.body["items"].as_array().unwrap().iter();
        let name_of = |id: Uuid| self.cases.iter().find(|(_, case)| *case == id).unwrap().0;
        let mut names: Vec<&str> = items
            .map(|item| name_of(item["id"].as_str().unwrap().parse().unwrap()))
            .collect();
        names.sort_unstable();
        names
    }
}

#[actix_web::test]
async fn each_filter_finds_what_it_names_and_leaves_out_the_rest() {
    let four = Four::until_wednesday().await;
    let (owner, person) = (four.police.org_id, four.police.user_id);
    let (of_the_police, led_by_the_police) = (format!("owner={owner}"), format!("assigned_to={person}"));

    let tries: [(&str, &[&str]); 22] = [
        ("", &["closed", "given", "led", "taken"]),
        ("status=open", &["given", "led", "taken"]),
        ("status=closed", &["closed"]),
        ("state=art_permitted", &["closed"]),
        ("type=nuisance", &["taken"]),
        ("type=graffiti", &["closed", "given", "led"]),
        ("ward=E05013664", &["closed", "led", "taken"]),
        (&of_the_police, &["taken"]),
        ("assigned_to=me", &["led"]),
        (&led_by_the_police, &[]),
        ("updated_after=2026-03-03T00:00:00Z", &["led"]),
        ("due_before=2026-03-04T00:00:00Z", &["given", "led"]),
        ("due_before=2026-03-02T10:00:00Z", &[]),
        ("overdue=true", &["given", "led"]),
        ("overdue=false", &["closed", "taken"]),
        ("shared=in", &["taken"]),
        ("shared=out", &["given"]),
        ("uprn=5117512", &["given"]),
        ("uprn=5117513", &[]),
        ("bbox=-0.13,51.52,-0.12,51.53", &["given"]),
        ("q=viaduct", &["given"]),
        ("status=open&type=graffiti&overdue=true&assigned_to=me", &["led"]),
    ];

    for (query, names) in tries {
        assert_eq!(four.found(query).await, names, "{query}");
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    text: String,
}

/// How a query is answered to `actor`, who has entered to read cases.
#[expect(clippy::disallowed_methods, reason = "a plan is asked for by SQL alone")]
pub async fn plan(app: &TestApp, actor: &Actor, query: &str) -> String {
    let mut role = app.database.as_role("wardlink_app").await;
    let (user, session) = (actor.user_id, actor.session_id);
    role.batch_execute(&format!("begin; select enter('{user}', '{session}', 'case.read')"))
        .await
        .unwrap();
    let explained = format!("explain (analyze, costs off, timing off, summary off) {query}");
    let lines: Vec<Line> = diesel::sql_query(explained).load(&mut role).await.unwrap();
    let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
    lines.join("\n")
}

#[actix_web::test]
async fn words_addresses_and_changes_are_looked_up_in_an_index_behind_row_level_security() {
    let four = Four::until_wednesday().await;
    // So many that it would take long to read them all in the order of the list.
    let many = format!(
        "insert into case_access (org_id, case_id, case_org_id, level, data_classes, since, partnership_id, ref, type, \
           state, status_class, public_status, title, priority, sensitive, ward_gss, opened_at, updated_at, changed_at, \
           version, search, uprn) \
         select org_id, gen_random_uuid(), case_org_id, level, data_classes, since, partnership_id, ref, type, \
           state, status_class, public_status, title, priority, sensitive, ward_gss, opened_at, updated_at, opened_at, \
           version, to_tsvector('english', 'Tag on the wall ' || number), (1000000 + number)::text \
         from case_access, generate_series(1, 20000) number where case_id = '{}'; \
         select gin_clean_pending_list('case_access_search'); analyze case_access",
        four.cases[0].1
    );
    four.app.tamper(&many).await;

    for (condition, index) in [
        ("search @@ case_words('viaduct')", "case_access_search"),
        (
            "search @@ case_words('viaduct') or open_case_key = 'VIADUCT'",
            "case_access_search",
        ),
        ("uprn = '5117512'", "case_access_by_uprn"),
        ("changed_at > '2026-03-03T00:00:00Z'", "case_access_by_change"),
    ] {
        let query = format!(
            "select case_id from case_access where ({condition}) order by updated_at desc, case_id desc limit 51"
        );
        let plan = plan(&four.app, &four.manager, &query).await;

        let (column, _) = condition.split_once(' ').unwrap();
        let looked_up = |line: &str| line.contains("Index Cond:") && line.contains(column);
        assert!(plan.lines().next().unwrap().contains("actual rows=1"), "{plan}");
        assert!(plan.contains(index) && plan.lines().any(looked_up), "{plan}");
    }
}

#[actix_web::test]
async fn pages_follow_one_another_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(app.case(&sergeant, "graffiti").await);
    }
    for sort in ["-updated_at", "-opened_at", "due_at"] {
        let mut seen = Vec::new();
        let mut path = format!("/v1/cases?limit=2&sort={sort}");
        loop {
            let page = app.get(&sergeant, &path).await.expect(200);
            seen.extend(
                page.body["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page.body["next"].as_str() else { break };
            assert!(page.header("link").unwrap().contains("rel=\"next\""));
            path = format!("/v1/cases?limit=2&sort={sort}&cursor={next}");
        }
        seen.sort();
        let mut expected: Vec<_> = made.iter().map(Uuid::to_string).collect();
        expected.sort();
        assert_eq!(seen, expected, "sorted by {sort}");
    }
}

#[actix_web::test]
async fn every_filter_finds_what_it_names() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let mut body = app.case_body("graffiti").await;
    body["title"] = json!("Purple tag on the viaduct");
    let tag = app.post(&sergeant, "/v1/cases", body).await.expect(201);
    app.case(&sergeant, "nuisance").await;
    let reference = tag.body["ref"].as_str().unwrap();
    let owner = sergeant.org_id;

    for (query, found) in [
        ("type=graffiti".to_owned(), 1),
        ("status=open".to_owned(), 2),
        ("status=closed".to_owned(), 0),
        ("state=reported".to_owned(), 2),
        ("ward=E05013664".to_owned(), 2),
        ("ward=E05013666".to_owned(), 0),
        (format!("owner={owner}"), 2),
        ("assigned_to=me".to_owned(), 0),
        ("updated_after=2026-03-01T00:00:00Z".to_owned(), 2),
        ("updated_after=2026-03-02T09:00:00Z".to_owned(), 0),
        ("overdue=true".to_owned(), 0),
        ("overdue=false".to_owned(), 2),
        ("shared=in".to_owned(), 0),
        ("shared=out".to_owned(), 0),
        ("bbox=-0.15,51.54,-0.13,51.56".to_owned(), 2),
        ("bbox=0,51.54,0.1,51.56".to_owned(), 0),
        ("q=purple+viaducts".to_owned(), 1),
        ("q=leverton".to_owned(), 2),
        (format!("q={reference}"), 1),
        (format!("q=+{}+", reference.to_lowercase()), 1),
        ("q=VIA-26-NOBODY".to_owned(), 0),
        ("q=%22".to_owned(), 0),
    ] {
        let list = app.get(&sergeant, &format!("/v1/cases?{query}")).await.expect(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), found, "{query}");
    }
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("sort=title", "sort"),
        ("bbox=1,2,3", "bbox"),
        ("cursor=nonsense", "cursor"),
        ("colour=red", "colour"),
        ("updated_after=infinity", "updated_after"),
        ("ward=Gospel+Oak", "ward"),
        ("state=", "state"),
        ("state=nope", "state"),
        ("type=%07", "type"),
        ("type=Graffiti", "type"),
        ("type=fly_tipping", "type"),
        ("assigned_to=them", "assigned_to"),
    ] {
        let reply = app.get(&sergeant, &format!("/v1/cases?{query}")).await.expect(422);
        assert!(
            reply.body["errors"].to_string().contains(name),
            "{query}: {}",
            reply.body
        );
    }
}

#[actix_web::test]
async fn a_vehicle_is_found_by_its_mark_by_whoever_sees_the_case() {
    let app = TestApp::start().await;
    let (manager, police) = (app.sign_in(MANAGER).await, app.sign_in(POLICE).await);
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"vrm": "lk53 abc"});
    let case = app.post(&manager, "/v1/cases", body).await.expect(201).id();
    let found = async |who: &Actor, words: &str| {
        let list = app.get(who, &format!("/v1/cases?q={words}")).await.expect(200);
        let items = list.body["items"].as_array().unwrap().clone();
        items.into_iter().map(|item| item["id"].clone()).collect::<Vec<_>>()
    };

    for spelt in [
        "LK53ABC",
        "lk53abc",
        "LK53%20ABC",
        "%20lk5%203aBc",
        "LK53%20ABC%20Judd%20Street",
        "blue%20ford%20lk53abc",
    ] {
        assert_eq!(found(&manager, spelt).await, [json!(case)], "{spelt}");
    }
    for other in ["LK53AB", "LK53ABCD", "53ABC", "colour", "blue%20ford%20-LK53ABC"] {
        assert!(found(&manager, other).await.is_empty(), "{other}");
    }
    assert!(found(&police, "LK53ABC").await.is_empty(), "it is not shared");
    app.open_to(&manager, case, police.org_id, "view", &["core"]).await;
    assert_eq!(found(&police, "LK53ABC").await, [json!(case)]);
    // What it is put right to is found instead, by both.
    let right = json!({"details": {"vrm": "LK53 ABD"}});
    app.patch(&manager, &format!("/v1/cases/{case}"), right)
        .await
        .expect(200);
    for who in [&manager, &police] {
        assert!(found(who, "LK53ABC").await.is_empty());
        assert_eq!(found(who, "lk53abd").await, [json!(case)]);
    }
    app.delete(&manager, &format!("/v1/shares/{}", app.share_of(case).await))
        .await
        .expect(204);
    assert!(found(&police, "LK53ABD").await.is_empty());
}
