//! What is held about somebody or a place, who knew what of it, and who received it (domain
//! §6.1: A7 and A10).

use super::*;

/// What is held about whoever goes by that name: each subject with its case. It is looked for by
/// somebody who works cases, since who reads the log reads no case.
async fn held_about(app: &TestApp, who: &Actor, name: &str) -> Vec<(Uuid, Uuid)> {
    let draft = app.draft(who, Method::POST, "/v1/subjects/search");
    let draft = draft.header("Access-Purpose", "complaint_or_rights_request");
    let page = draft.json(json!({"particulars": {"name": name}})).send().await;
    let id = |record: &Value| record["id"].as_str().unwrap().parse().unwrap();
    let held = items(&page.expect(200));
    held.iter().map(|it| (id(&it["subject"]), id(&it["case"]))).collect()
}

#[actix_web::test]
async fn a7_who_knew_what_of_a_person_and_when() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let auditor = app.sign_in(AUDITOR).await;
    let case = app.a_shared_case(&manager, &housing, "view", ALL_CLASSES).await;
    let person = subject_of(&app, &manager, case).await;
    app.get(&housing, &format!("/v1/cases/{case}/subjects/{person}"))
        .await
        .expect(200);

    let contacts = log(&app, &auditor, &format!("subject={person}")).await;

    let told: Vec<_> = contacts
        .iter()
        .map(|event| (&event["op"], &event["organisation"]["name"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("consultation"), &json!("Primrose Homes")),
            (&json!("collection"), &json!("London Borough of Camden")),
            (&json!("disclosure"), &json!("London Borough of Camden"))
        ]
    );
    assert!(contacts.iter().all(|event| event["at"].is_string()));
}

#[actix_web::test]
async fn a7_every_contact_with_a_person_by_their_name_in_whichever_cases() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let auditor = app.sign_in(AUDITOR).await;
    let shared = app.a_shared_case(&manager, &housing, "view", ALL_CLASSES).await;
    let (own, theirs) = (app.a_case_of(&manager).await, app.a_case_of(&housing).await);
    let (known, alone) = (
        subject_of(&app, &manager, shared).await,
        subject_of(&app, &manager, own).await,
    );
    subject_of(&app, &housing, theirs).await;
    assert_eq!(held_about(&app, &housing, "Doe Alex").await[0], (known, shared));

    let held = held_about(&app, &manager, "Doe Alex").await;
    assert_eq!(held, [(known, shared), (alone, own)], "and nothing that others hold");
    app.get(&auditor, "/v1/cases").await.expect(403);
    // Whoever reads no case takes the ids from the log of the search.
    let [search] = &log(
        &app,
        &auditor,
        &format!("action=search_subjects&actor={}", manager.user_id),
    )
    .await[..] else {
        panic!("searched once")
    };
    assert_eq!(
        (&search["record_ids"], &search["case_ids"]),
        (&json!([known, alone]), &json!([shared, own]))
    );
    assert_eq!(
        (&search["purpose"], &search["op"]),
        (&json!("complaint_or_rights_request"), &json!("consultation"))
    );
    let readers = async |person: Uuid| -> Vec<Value> {
        let contacts = log(&app, &auditor, &format!("subject={person}&op=consultation")).await;
        contacts
            .iter()
            .map(|event| event["organisation"]["name"].clone())
            .collect()
    };
    let ours = json!("London Borough of Camden");
    assert_eq!(readers(alone).await, std::slice::from_ref(&ours));
    // What a partner was shown of cases of several owners is told by each case.
    assert_eq!(readers(known).await, [ours]);
    let looks = log(&app, &auditor, &format!("case={shared}&action=search_subjects")).await;
    let by: Vec<&Value> = looks.iter().map(|event| &event["organisation"]["name"]).collect();
    assert_eq!(by, [&json!("London Borough of Camden"), &json!("Primrose Homes")]);
}

#[actix_web::test]
async fn a7_everything_at_an_address_as_far_as_its_place_is_open() {
    let app = TestApp::start().await;
    let (manager, police) = (app.sign_in(MANAGER).await, app.sign_in(POLICE).await);
    let at = async |who: &Actor, uprn: &str| {
        let mut body = app.case_body("nuisance").await;
        body["uprn"] = json!(uprn);
        app.post(who, "/v1/cases", body).await.expect(201).id()
    };
    let own = at(&manager, "5117512").await;
    let elsewhere = at(&manager, "5117513").await;
    let (shown, hidden) = (at(&police, "000005117512").await, at(&police, "5117512").await);
    let opened = app
        .open_to(&police, shown, manager.org_id, "view", &["core", "location"])
        .await;
    app.open_to(&police, hidden, manager.org_id, "view", &["core"]).await;
    let there = async |who: &Actor, uprn: &str| {
        let list = app.get(who, &format!("/v1/cases?uprn={uprn}")).await.expect(200);
        let mut found: Vec<Value> = items(&list).iter().map(|case| case["id"].clone()).collect();
        found.sort_by_key(ToString::to_string);
        found
    };

    assert_eq!(there(&manager, "5117512").await, [json!(own), json!(shown)]);
    assert_eq!(
        there(&manager, "05117512").await.len(),
        2,
        "zeros before it mean nothing"
    );
    assert_eq!(there(&manager, "5117513").await, [json!(elsewhere)]);
    assert_eq!(there(&police, "5117512").await, [json!(shown), json!(hidden)]);
    assert!(there(&manager, "511751").await.is_empty(), "the whole number is meant");
    app.get(&manager, "/v1/cases?uprn=12a").await.expect(422);

    let less = json!({"data_classes": ["core"]});
    let narrowed = app.patch(&police, &format!("/v1/shares/{opened}"), less).await;
    narrowed.expect(200);
    assert_eq!(there(&manager, "5117512").await, [json!(own)]);
    let logged = app.last_audit("list_cases").await;
    assert_eq!(
        (logged.case_ids, &logged.facts["filters"]),
        (vec![own], &json!(["uprn"])),
        "by which number somebody looked is not in the log"
    );
}

#[actix_web::test]
async fn a10_which_partners_received_it() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let (police, auditor) = (app.sign_in(POLICE).await, app.sign_in(AUDITOR).await);
    let case = app.a_case_of(&manager).await;
    let person = subject_of(&app, &manager, case).await;
    share(&app, &manager, case, &housing, &["core", "subjects"]).await;
    share(&app, &manager, case, &police, &["core", "location"]).await;

    // In which cases we hold somebody, and whom these were opened to with the people in them.
    let held = log(&app, &auditor, &format!("subject={person}")).await;
    let given = disclosed(&app, &manager, case).await;

    assert!(held.iter().all(|event| event["case_ids"] == json!([case])) && !held.is_empty());
    let of_people = |it: &&Value| it["data_classes"].as_array().unwrap().contains(&json!("subjects"));
    let [received] = &given.iter().filter(of_people).collect::<Vec<_>>()[..] else {
        panic!("{given:?}")
    };
    assert_eq!(
        received["recipients"],
        json!([{"id": housing.org_id, "name": "Primrose Homes"}])
    );
    assert_eq!(footing(received), footing_of_agreement(&app).await);
    assert_eq!(given.len(), 2, "the police received the case, and nobody in it");
}

#[actix_web::test]
async fn a10_what_is_held_and_shared_about_a_person_by_their_name() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let (police, auditor) = (app.sign_in(POLICE).await, app.sign_in(AUDITOR).await);
    let (told, kept) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);
    let (disclosed, undisclosed) = (
        subject_of(&app, &manager, told).await,
        subject_of(&app, &manager, kept).await,
    );
    share(&app, &manager, told, &housing, &["core", "subjects"]).await;
    share(&app, &manager, kept, &police, &["core", "location"]).await;

    let held = held_about(&app, &manager, "alex doe").await;

    assert_eq!(held, [(disclosed, told), (undisclosed, kept)]);
    let recipients = async |person: Uuid| -> Vec<Value> {
        let disclosures = log(&app, &auditor, &format!("op=disclosure&subject={person}")).await;
        let recipients = disclosures.iter().map(|event| event["recipients"].clone());
        recipients.collect()
    };
    let housing = json!([{"id": housing.org_id, "name": "Primrose Homes"}]);
    assert_eq!(recipients(held[0].0).await, [housing]);
    assert!(recipients(held[1].0).await.is_empty());
}

#[actix_web::test]
async fn a10_to_whom_somebody_was_disclosed_before_anybody_looked_and_who_hears_of_corrections() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let (police, auditor) = (app.sign_in(POLICE).await, app.sign_in(AUDITOR).await);
    for who in [&housing, &police] {
        app.give(who, "auditor", None, None).await;
    }
    let case = app.a_case_of(&manager).await;
    let early = subject_of(&app, &manager, case).await;
    share(&app, &manager, case, &housing, &["core", "subjects"]).await;
    share(&app, &manager, case, &police, &["core"]).await;
    let late = subject_of(&app, &manager, case).await;
    let path = format!("/v1/cases/{case}/subjects/{late}");
    app.patch(&manager, &path, json!({"role": "witness"})).await.expect(200);
    app.patch(&manager, &path, json!({})).await.expect(200);
    app.delete(&manager, &path).await.expect(204);

    let of = async |who: &Actor, subject: Uuid, op: &str| log(&app, who, &format!("subject={subject}&op={op}")).await;
    let acts = |events: &[Value]| -> Vec<String> {
        events
            .iter()
            .map(|event| event["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let recipient = json!([{"id": housing.org_id, "name": "Primrose Homes"}]);
    for (subject, by) in [
        (early, vec!["share_case"]),
        (late, vec!["correct_subject", "add_subject"]),
    ] {
        for who in [&auditor, &housing] {
            let told = of(who, subject, "disclosure").await;
            assert_eq!(acts(&told), by);
            assert!(told.iter().all(|event| event["recipients"] == recipient), "{told:?}");
            assert_eq!(footing(&told[0]["facts"]), footing_of_agreement(&app).await);
        }
        assert!(of(&police, subject, "disclosure").await.is_empty());
    }
    let [erased] = &of(&housing, late, "erasure").await[..] else {
        panic!("erased once")
    };
    assert_eq!(
        (&erased["recipients"], &erased["facts"]),
        (&recipient, &json!({"kind": "person"}))
    );
    let ledger = disclosed(&app, &manager, case).await;
    let of_people = ledger.iter().filter(|it| it["data_classes"] == json!(["subjects"]));
    assert_eq!(of_people.count(), 2, "{ledger:?}");
}
