//! What a leaf is made of, to the byte: whoever verifies a log years later reckons the same.

use chrono::TimeZone as _;

use super::*;

/// An officer of the second organisation reads a case of the first and one of their own.
pub(in crate::audit) fn event(seq: i64) -> Event<'static> {
    const CASES: [Uuid; 2] = [Uuid::from_u128(0x31), Uuid::from_u128(0x32)];
    const OWNERS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];
    const RECIPIENTS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(3)];
    const RECORDS: [Uuid; 1] = [Uuid::from_u128(0x41)];
    Event {
        seq,
        id: Uuid::from_u128(0x100 + u128::from(seq.unsigned_abs())),
        at: Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap(),
        op: "consultation",
        action: "read_case",
        outcome: "done",
        status: Some(200),
        reason: None,
        actor: Some(Uuid::from_u128(0x11)),
        org: Some(Uuid::from_u128(2)),
        purpose: "case_work",
        request: Uuid::from_u128(0x12),
        session: Some(Uuid::from_u128(0x13)),
        on_behalf_of: Some("PC 1234"),
        justification: Some("because of a \"tip\""),
        peer: Some("203.0.113.9".to_owned()),
        facts: "{\"q\": 1}",
        cases: &CASES,
        case_owners: &OWNERS,
        records: &RECORDS,
        classes: &[],
        recipients: &RECIPIENTS,
        case_classes: None,
    }
}

fn parts(parts: &[Part]) -> Vec<(&str, &str)> {
    parts.iter().map(|part| (&*part.name, part.value.as_str())).collect()
}

#[test]
fn an_event_is_taken_apart_into_its_body_and_its_links() {
    let classes = ["core".to_owned(), "notes".to_owned()];
    let event = Event {
        classes: &classes,
        ..event(7)
    };

    let (body, links) = (event.body(), event.links());

    assert_eq!(
        parts(&body),
        [
            ("facts", "{\"q\": 1}"),
            ("justification", "\"because of a \\\"tip\\\"\""),
            ("on_behalf_of", "\"PC 1234\""),
            ("peer", "\"203.0.113.9\""),
            ("session", "\"00000000-0000-0000-0000-000000000013\""),
        ]
    );
    assert_eq!(
        parts(&links),
        [
            (
                "case/0",
                "[\"00000000-0000-0000-0000-000000000031\",\"00000000-0000-0000-0000-000000000001\"]"
            ),
            (
                "case/1",
                "[\"00000000-0000-0000-0000-000000000032\",\"00000000-0000-0000-0000-000000000002\"]"
            ),
            ("data_classes", "[\"core\",\"notes\"]"),
            ("recipient/0", "\"00000000-0000-0000-0000-000000000001\""),
            ("recipient/1", "\"00000000-0000-0000-0000-000000000003\""),
            ("records", "[\"00000000-0000-0000-0000-000000000041\"]"),
        ]
    );
}

#[test]
fn where_more_was_shown_of_one_case_than_of_another_there_is_a_part_for_each() {
    let classes = ["core".to_owned(), "location".to_owned()];
    let of_each = ["core,location".to_owned(), "core".to_owned()];
    let alike = Event {
        classes: &classes,
        ..event(7)
    };
    let apart = Event {
        case_classes: Some(&of_each),
        ..alike.clone()
    };

    let (alike, apart) = (alike.links(), apart.links());

    let names: Vec<&str> = apart[2..5].iter().map(|part| &*part.name).collect();
    assert_eq!(names, ["classes/0", "classes/1", "data_classes"]);
    assert_eq!(
        (apart[2].value.as_str(), apart[3].value.as_str()),
        ("[\"core\",\"location\"]", "[\"core\"]")
    );
    let rest: Vec<Part> = apart
        .into_iter()
        .filter(|part| !part.name.starts_with("classes/"))
        .collect();
    assert_eq!(rest, alike);
}

#[test]
fn what_an_event_does_not_have_is_null_in_its_parts() {
    let event = Event {
        session: None,
        on_behalf_of: None,
        justification: None,
        peer: None,
        facts: "{}",
        cases: &[],
        case_owners: &[],
        records: &[],
        recipients: &[],
        ..event(7)
    };

    assert_eq!(
        parts(&event.body()),
        [
            ("facts", "{}"),
            ("justification", "null"),
            ("on_behalf_of", "null"),
            ("peer", "null"),
            ("session", "null"),
        ]
    );
    assert_eq!(parts(&event.links()), [("data_classes", "[]"), ("records", "[]")]);
}

#[test]
fn a_leaf_is_the_same_whoever_reckons_it() {
    // Reckoned by another program from the description of the format.
    let classes = ["core".to_owned(), "notes".to_owned()];
    let event = Event {
        classes: &classes,
        ..event(7)
    };

    let (body, links) = (commit(&event.body(), &[4; 16]), commit(&event.links(), &[3; 16]));

    assert_eq!(
        hex(&body),
        "36d57e7a6ee7dbb8b66bdec481ece70c4624dfbb761cb1ba8132dad21a9c91b3"
    );
    assert_eq!(
        hex(&links),
        "8df23c53411ab27c60082e08710ac5c1dd9dce907080dce2ea5c28064046480a"
    );
    assert_eq!(
        event.entry(&body, &links).unwrap(),
        "{\"action\":\"read_case\",\"actor\":\"00000000-0000-0000-0000-000000000011\",\
         \"at\":\"2026-03-02T09:00:00.000000Z\",\
         \"body\":\"36d57e7a6ee7dbb8b66bdec481ece70c4624dfbb761cb1ba8132dad21a9c91b3\",\
         \"id\":\"00000000-0000-0000-0000-000000000107\",\
         \"links\":\"8df23c53411ab27c60082e08710ac5c1dd9dce907080dce2ea5c28064046480a\",\
         \"op\":\"consultation\",\"org\":\"00000000-0000-0000-0000-000000000002\",\"outcome\":\"done\",\
         \"purpose\":\"case_work\",\"reason\":null,\"request\":\"00000000-0000-0000-0000-000000000012\",\
         \"seq\":7,\"status\":200,\"v\":1}"
    );
    assert_eq!(
        hex(&event.leaf(&body, &[3; 16]).unwrap()),
        "a42cee33215843acd159e1eb985a6a6f4a9075b4e2cd35aea4168f4a097ef809"
    );
}
