//! Poison in what each step of each case type is told, on a case with which the step can be
//! taken: with everything else right nothing but the poison is refused.

use chrono::Duration;
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::cases::workflow::Catalogue;
use wardlink::cases::workflow::sample::is_drawn;

use super::faults;
use super::members::{named, spoilt};
use super::values::{Poison, Shape, always, misfits, shape_of, texts};
use super::ways::{By, Way, ways};
use crate::suites::calls::VERSION;
use crate::suites::fingerprint::fingerprint;
use crate::suites::leaves::{Leaf, leaves, put};
use crate::suites::objects::draft_at;
use crate::suites::world::World;
use crate::support::{ALL_CLASSES, Actor, Draft, Operation, operations};

/// A step of a case type that is told something.
struct Edge {
    kind: String,
    event: String,
    /// The states that it can be taken from.
    from: Vec<String>,
    /// The schema of what it is told.
    data: Value,
    /// The state that cases of the type begin in.
    initial: String,
    /// The states of the type in which a case is open.
    open: Vec<String>,
}

impl Edge {
    fn of(kind: &str, document: &Value, edge: &Value) -> Self {
        let states = document["states"].as_array().unwrap().iter();
        let open = states.filter(|state| state["class"] == "open");
        let open: Vec<String> = open.map(|state| text(&state["name"])).collect();
        let from: Vec<String> = edge["from"].as_array().unwrap().iter().map(text).collect();
        let is_from_any = from.iter().any(|state| state == "any_open");
        Self {
            kind: kind.to_owned(),
            event: text(&edge["event"]),
            from: if is_from_any {
                [from, open.clone()].concat()
            } else {
                from
            },
            data: edge["data"].clone(),
            initial: text(&document["initial"]),
            open,
        }
    }

    /// Whether that is a way to take it.
    fn is_taken_by(&self, way: &Way) -> bool {
        let is_there = |from: &String| from == way.state;
        self.kind == way.kind && self.event == way.event && self.from.iter().any(is_there)
    }

    /// The class of a state.
    fn class(&self, state: &str) -> &'static str {
        if self.open.iter().any(|open| open == state) {
            "open"
        } else {
            "closed"
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Every such step of every case type that is built in.
fn edges() -> Vec<Edge> {
    let mut found = Vec::new();
    for workflow in Catalogue::built_in().unwrap().iter() {
        let document = workflow.document();
        let edges = document["edges"].as_array().unwrap().iter();
        let is_told = |edge: &&Value| {
            let members = edge["data"]["properties"].as_object();
            members.is_some_and(|members| !members.is_empty())
        };
        found.extend(
            edges
                .filter(is_told)
                .map(|edge| Edge::of(workflow.code(), &document, edge)),
        );
    }
    found
}

#[test]
fn each_step_that_is_told_something_has_a_way_and_each_way_is_one() {
    let (edges, ways) = (edges(), ways());

    for edge in &edges {
        let taken = ways.iter().filter(|way| edge.is_taken_by(way)).count();
        let Edge { kind, event, from, .. } = edge;
        assert_eq!(
            taken, 1,
            "say once in ways.rs with what {event} of {kind} from {from:?} is taken"
        );
    }
    for way in &ways {
        let of = edges.iter().filter(|edge| edge.is_taken_by(way)).count();
        assert_eq!(of, 1, "{way:?} is to be a way to take one step");
    }
    assert!(edges.len() >= 57, "there are few steps: {}", edges.len());
}

/// A case with which a step can be taken, past what it takes to come so far.
async fn bring(world: &World, edge: &Edge, way: &Way) -> Uuid {
    let (app, keeper) = (&world.app, &world.keeper);
    let case = app.case(keeper, way.kind).await;
    app.open_to(keeper, case, world.police.org_id, "contribute", ALL_CLASSES)
        .await;
    if way.kind != "nuisance" {
        for phase in ["before", "after"] {
            app.photograph(keeper, case, phase).await;
        }
    }
    if way.event == "duplicate" {
        let original = app.case(keeper, way.kind).await;
        let link = json!({"linked_case_id": original, "kind": "duplicate_of"});
        app.post(keeper, &format!("/v1/cases/{case}/links"), link)
            .await
            .expect(201);
    }
    if let Some((state, event, data)) = &way.after {
        put_in(world, edge, (way, *state), case).await;
        app.transition(keeper, case, event, data.clone()).await.expect(200);
    }
    if way.event == "close_unsampled" {
        leave_undrawn(world, case).await;
    }
    put_in(world, edge, (way, way.state), case).await;
    case
}

/// Puts a case into a state, with what is said of it by the time of a step.
async fn put_in(world: &World, edge: &Edge, (way, state): (&Way, &str), case: Uuid) {
    let put = format!(
        "update cases set state = '{state}', status_class = '{}', details = details || '{}'::jsonb, \
             risk_band = 'medium', qualifier = 'nuisance', lead_user_id = '{}' where id = '{case}'",
        edge.class(state),
        way.details,
        world.keeper.user_id
    );
    let mut connection = world.app.database.owner().await;
    connection.batch_execute(&put).await.unwrap();
}

/// Has the days be over in which a case is looked at that is drawn, and this one not be drawn:
/// when they began decides.
async fn leave_undrawn(world: &World, case: Uuid) {
    let now = world.app.services.clock.now();
    let mut moments = (1..1_000).map(|before| now - Duration::microseconds(before));
    let moment = moments.find(|at| !is_drawn(case, *at, 10)).unwrap().to_rfc3339();
    let over = format!(
        "update case_clocks set started_at = '{moment}', due_at = '{moment}' \
          where case_id = '{case}' and name = 'sampling'"
    );
    let mut connection = world.app.database.owner().await;
    connection.batch_execute(&over).await.unwrap();
}

/// A step that is about to be taken.
struct Step<'a> {
    way: &'a Way,
    world: &'a World,
    operation: &'a Operation,
    address: String,
    members: Vec<Leaf>,
    /// The case has just been recorded.
    is_first: bool,
}

impl<'a> Step<'a> {
    async fn new(world: &'a World, operation: &'a Operation, way: &'a Way, edges: &[Edge]) -> Self {
        let edge = edges.iter().find(|edge| edge.is_taken_by(way)).unwrap();
        let case = bring(world, edge, way).await;
        let within = |leaf: Leaf| Leaf {
            place: format!("/data{}", leaf.place),
            ..leaf
        };
        Self {
            way,
            world,
            operation,
            address: format!("/v1/cases/{case}/transitions"),
            members: leaves(&edge.data, &edge.data).into_iter().map(within).collect(),
            is_first: edge.initial == way.state,
        }
    }

    fn body(&self) -> Value {
        json!({"event": self.way.event, "data": self.way.data})
    }

    fn draft(&self, body: Option<Value>) -> Draft<'_> {
        let world = self.world;
        let actor: &Actor = match self.way.by {
            By::Council => &world.keeper,
            By::Police => &world.police,
        };
        draft_at(&world.app, actor, self.operation, &self.address, body, VERSION)
    }

    /// How many of those that are refused before anybody asks what they mean are sent. The
    /// body is read before the step is looked up, so all are where a case begins, and one in
    /// each member besides.
    fn always(&self) -> usize {
        if self.is_first { usize::MAX } else { 1 }
    }

    async fn fault(&self, member: &Leaf, poison: &Poison) -> Option<String> {
        let body = spoilt(self.body(), &member.place, &poison.text);
        let reply = self.draft(None).bytes("application/json", body).send().await;
        let name = format!("{} of {}", self.way.event, self.way.kind);
        // What is missing, or whose the step is, is none of the poison's business here.
        if [403, 409].contains(&reply.status.as_u16()) {
            return Some(poison.told(&name, &member.place, &reply));
        }
        poison.fault(&name, &member.place, &reply)
    }

    /// What is wrong with the answer where nothing is with the step: its texts look like
    /// something else, and are texts.
    async fn refusal(&self) -> Option<String> {
        let mut body = self.body();
        let is_text = |member: &&Leaf| shape_of(&member.schema) == Shape::Text;
        for member in self.members.iter().filter(is_text) {
            if body.pointer(&member.place).is_some() {
                let odd = serde_json::from_str(&texts(&member.schema)[0]).unwrap();
                put(&mut body, &member.place, odd);
            }
        }
        let reply = self.draft(Some(body)).send().await;
        let (event, kind) = (self.way.event, self.way.kind);
        (reply.status != 200).then(|| format!("{event} of {kind}: {} {}", reply.status, reply.body))
    }
}

#[actix_web::test]
async fn poison_in_anything_that_a_step_is_told_is_refused_and_nothing_is_stored() {
    let world = World::new().await;
    let (operations, edges, ways, always) = (operations(), edges(), ways(), always());
    let operation = named(&operations, "transition_case");
    let mut steps = Vec::new();
    for way in &ways {
        steps.push(Step::new(&world, operation, way, &edges).await);
    }
    let members = steps
        .iter()
        .flat_map(|step| step.members.iter().map(move |member| (step, member)));
    let aimed: Vec<_> = members
        .map(|(step, member)| (step, member, misfits(&member.schema)))
        .collect();
    let before = fingerprint(&world.app).await;

    let attempts = aimed.iter().flat_map(|(step, member, misfits)| {
        let poisons = always.iter().take(step.always()).chain(misfits);
        poisons.map(move |poison| step.fault(member, poison))
    });
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&world.app).await);
    assert!(aimed.len() > 150, "there are few members: {}", aimed.len());
    // Else something else was refused than the poison.
    let mut refused = Vec::new();
    for step in &steps {
        refused.extend(step.refusal().await);
    }
    assert!(refused.is_empty(), "{refused:#?}");
}
