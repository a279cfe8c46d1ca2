//! Every operation of the OpenAPI document, and people who may call it.

use std::collections::BTreeSet;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;
use wardlink::db::schema::{custom_roles, role_grants};
use wardlink::http::openapi;

use super::{Actor, TestApp};

/// An operation, as it is documented.
#[derive(Clone)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path, with `{parameters}`.
    pub path: String,
    /// The permission it needs: none where it is open, empty where being signed in is enough.
    pub permission: Option<String>,
    /// The example of its JSON body.
    pub body: Option<Value>,
    /// The schema of its JSON body.
    pub schema: Option<Value>,
    /// The members that its JSON body needs, whatever it is about.
    pub needed: Vec<String>,
    /// Every status it can have.
    pub statuses: BTreeSet<u16>,
    /// Whether its answer has `items`.
    pub is_list: bool,
    /// The schemas that its answer of 200 is made of, by name.
    pub shows: BTreeSet<String>,
    /// All that is said of it, with parameters and answers written out where it refers to them.
    pub document: Value,
}

impl Operation {
    /// Whether it takes a form with a file.
    pub fn takes_a_file(&self) -> bool {
        !self.document["requestBody"]["content"]["multipart/form-data"].is_null()
    }

    /// The path up to each parameter, with that parameter last.
    pub fn prefixes(&self) -> Vec<&str> {
        let ends = self.path.match_indices('}').map(|(end, _)| end);
        ends.map(|end| &self.path[..=end]).collect()
    }

    /// The path with its parameters filled in, in their order.
    pub fn at(&self, ids: &[String]) -> String {
        let mut ids = ids.iter();
        self.path
            .split('/')
            .map(|part| match part.starts_with('{') {
                true => ids.next().unwrap().clone(),
                false => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// All of them.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let operation = &written_out(&document, operation);
            let schema = schema_of(&document, operation);
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                permission: permission_of(operation),
                body: schema.as_ref().and_then(|schema| schema.get("example").cloned()),
                needed: schema.iter().flat_map(|schema| needed(&document, schema)).collect(),
                schema,
                statuses: statuses_of(operation),
                is_list: is_list(&document, operation),
                shows: schemas_within(&document, &operation["responses"]["200"]),
                document: operation.clone(),
            });
        }
    }
    found
}

/// The operations that anybody may call. What is added shows who asks in its own way.
pub fn open_operations() -> Vec<String> {
    let list = include_str!("../suites/open_operations.txt");
    list.lines().map(str::to_owned).collect()
}

/// The operation without references to parameters, their schemas and answers.
fn written_out(document: &Value, operation: &Value) -> Value {
    let mut operation = operation.clone();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        write_out(document, parameter);
        write_out(document, &mut parameter["schema"]);
    }
    let answers = operation["responses"].as_object_mut().unwrap();
    for answer in answers.values_mut() {
        write_out(document, answer);
    }
    operation
}

/// Puts what is referred to in the place of a reference.
fn write_out(document: &Value, place: &mut Value) {
    if let Some(reference) = place["$ref"].as_str() {
        *place = document.pointer(reference.trim_start_matches('#')).unwrap().clone();
    }
}

/// The members that whatever fits the schema has.
fn needed(document: &Value, schema: &Value) -> Vec<String> {
    let Some(options) = schema["oneOf"].as_array() else {
        let required = schema["required"].as_array().into_iter().flatten();
        return required.map(|name| name.as_str().unwrap().to_owned()).collect();
    };
    let mut of_options = options.iter().map(|option| {
        let mut option = option.clone();
        write_out(document, &mut option);
        needed(document, &option)
    });
    let mut in_all = of_options.next().unwrap_or_default();
    for other in of_options {
        in_all.retain(|name| other.contains(name));
    }
    in_all
}

fn permission_of(operation: &Value) -> Option<String> {
    let scopes = operation["security"][0].get("bearer")?;
    Some(scopes[0].as_str().unwrap_or_default().to_owned())
}

fn schema_of(document: &Value, operation: &Value) -> Option<Value> {
    let content = operation.get("requestBody")?.get("content")?.get("application/json")?;
    let reference = content["schema"]["$ref"].as_str()?;
    document.pointer(reference.trim_start_matches('#')).cloned()
}

fn statuses_of(operation: &Value) -> BTreeSet<u16> {
    let responses = operation["responses"].as_object().unwrap();
    responses.keys().map(|status| status.parse().unwrap()).collect()
}

fn is_list(document: &Value, operation: &Value) -> bool {
    let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let reference = answer["$ref"].as_str().unwrap_or_default();
    let schema = document.pointer(reference.trim_start_matches('#'));
    schema.is_some_and(|schema| schema["properties"].get("items").is_some())
}

/// The names of the schemas that `part` of the document refers to, and those to theirs.
pub fn schemas_within(document: &Value, part: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut parts = vec![part];
    while let Some(part) = parts.pop() {
        let name = part["$ref"]
            .as_str()
            .and_then(|it| it.strip_prefix("#/components/schemas/"));
        if let Some(name) = name.filter(|&name| found.insert(name.to_owned())) {
            parts.push(&document["components"]["schemas"][name]);
        }
        parts.extend(part.as_object().into_iter().flat_map(|members| members.values()));
        parts.extend(part.as_array().into_iter().flatten());
    }
    found
}

/// The path with every parameter filled in by a fresh id, or a plain word.
pub fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{gss}" => "E05013664".to_owned(),
            "{slug}" => "not-found".to_owned(),
            "{type}" => "graffiti".to_owned(),
            part if part.starts_with('{') => Uuid::now_v7().to_string(),
            part => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Somebody of the council who holds exactly these permissions.
pub async fn holding(app: &TestApp, permissions: &[&str]) -> Actor {
    let actor = app.sign_in("street@camden.example").await;
    app.grant_only(&actor, permissions, None, None).await;
    actor
}

impl TestApp {
    /// Makes a role of these permissions the only one that `actor` holds, within these
    /// wards and case types.
    pub async fn grant_only(
        &self,
        actor: &Actor,
        permissions: &[&str],
        areas: Option<Vec<&str>>,
        case_types: Option<Vec<&str>>,
    ) -> Uuid {
        let mut owner = self.database.owner().await;
        let (id, code) = (Uuid::now_v7(), format!("r{}", Uuid::new_v4().simple()));
        diesel::insert_into(custom_roles::table)
            .values((
                custom_roles::id.eq(id),
                custom_roles::org_id.eq(actor.org_id),
                custom_roles::code.eq(&code),
                custom_roles::name.eq("Test"),
                custom_roles::permissions.eq(permissions),
            ))
            .execute(&mut owner)
            .await
            .unwrap();
        self.give_only(actor, &code, areas, case_types).await;
        id
    }

    /// Makes a role the only one that `actor` holds, within these wards and case types.
    pub async fn give_only(&self, actor: &Actor, role: &str, areas: Option<Vec<&str>>, case_types: Option<Vec<&str>>) {
        let mut owner = self.database.owner().await;
        diesel::delete(role_grants::table.filter(role_grants::user_id.eq(actor.user_id)))
            .execute(&mut owner)
            .await
            .unwrap();
        self.give(actor, role, areas, case_types).await;
    }

    /// Gives `actor` one more role, within these wards and case types.
    pub async fn give(&self, actor: &Actor, role: &str, areas: Option<Vec<&str>>, case_types: Option<Vec<&str>>) {
        diesel::insert_into(role_grants::table)
            .values((
                role_grants::id.eq(Uuid::now_v7()),
                role_grants::org_id.eq(actor.org_id),
                role_grants::user_id.eq(actor.user_id),
                role_grants::role.eq(role),
                role_grants::areas.eq(areas),
                role_grants::case_types.eq(case_types),
            ))
            .execute(&mut self.database.owner().await)
            .await
            .unwrap();
    }
}
