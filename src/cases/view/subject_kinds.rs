//! Subjects in the document. What is said of one depends on its kind, and the same particulars
//! fit a person and an organisation. So each kind has a schema of its own, in which `kind` is one
//! word (OpenAPI 3.1, Discriminator Object).

use utoipa::openapi::schema::{Components, Discriminator, Object, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::subjects::SubjectKind;

/// The schemas of a subject of any kind, and with what the names of those of one kind begin.
const OF_ANY_KIND: [(&str, &str); 2] = [("NewSubject", "New"), ("SubjectView", "")];

/// Puts a choice between subjects of one kind each in the place of a subject of any kind.
pub fn tell_apart(components: &mut Components) {
    for (name, beginning) in OF_ANY_KIND {
        let Some(RefOr::T(Schema::Object(any))) = components.schemas.get(name).cloned() else {
            continue;
        };
        let name_of = |kind| format!("{beginning}{}Subject", title(kind));
        for kind in SubjectKind::ALL {
            let example = example(components, &any, kind);
            let own = of_kind(any.clone(), kind, example);
            components.schemas.insert(name_of(kind), RefOr::T(Schema::Object(own)));
        }
        components.schemas.insert(name.to_owned(), choice(&any, name_of));
    }
}

/// What a kind is called in the names of schemas.
fn title(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Person => "Person",
        SubjectKind::Vehicle => "Vehicle",
        SubjectKind::Premises => "Premises",
        SubjectKind::Organisation => "Organisation",
    }
}

fn particulars(kind: SubjectKind) -> String {
    format!("{}Particulars", title(kind))
}

/// The example of `any` kind, with those particulars that stand as the example of this one.
fn example(components: &Components, any: &Object, kind: SubjectKind) -> Option<serde_json::Value> {
    let mut example = any.example.clone()?;
    let RefOr::T(Schema::Object(own)) = components.schemas.get(&particulars(kind))? else {
        return None;
    };
    example["kind"] = kind.as_str().into();
    example["particulars"] = own.example.clone()?;
    Some(example)
}

/// The schema of `any` kind, narrowed to one.
fn of_kind(any: Object, kind: SubjectKind, example: Option<serde_json::Value>) -> Object {
    let mut own = any;
    own.description = own.description.map(|it| format!("{it} Its kind: {}.", kind.as_str()));
    own.example = example;
    let word = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([kind.as_str()]))
        .description(Some("What kind of subject it is."));
    own.properties.insert("kind".to_owned(), word.into());
    let mut said = Ref::from_schema_name(particulars(kind));
    said.description = "Who or what it is.".to_owned();
    own.properties.insert("particulars".to_owned(), said.into());
    own
}

/// The choice between all kinds.
fn choice(any: &Object, name_of: impl Fn(SubjectKind) -> String) -> RefOr<Schema> {
    let references = SubjectKind::ALL.map(|kind| (kind.as_str(), Ref::from_schema_name(name_of(kind))));
    let places = references.iter().map(|(word, own)| (*word, own.ref_location.as_str()));
    let choice = OneOfBuilder::new()
        .description(any.description.as_deref())
        .discriminator(Some(Discriminator::with_mapping("kind", places)));
    let choice = references
        .iter()
        .fold(choice, |choice, (_, own)| choice.item(own.clone()));
    let mut choice = choice.build();
    choice.example.clone_from(&any.example);
    RefOr::T(Schema::OneOf(choice))
}
