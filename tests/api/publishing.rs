//! That checkpoints reach whoever collects them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::jobs;
use wardlink::audit::publisher::Publisher;

use crate::support::TestApp;

/// Somebody who collects checkpoints: takes what is put, unless told not to.
#[derive(Clone, Default)]
struct Collector {
    taken: Arc<Mutex<Vec<(String, String)>>>,
    is_away: Arc<AtomicBool>,
}

async fn take(request: HttpRequest, body: String, collector: web::Data<Collector>) -> HttpResponse {
    if collector.is_away.load(Ordering::Relaxed) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let put = (request.path().to_owned(), body);
    collector.taken.lock().unwrap().push(put);
    HttpResponse::Created().finish()
}

/// Serves `collector`; answers its address.
fn serve(collector: Collector) -> SocketAddr {
    let app = move || {
        App::new()
            .app_data(web::Data::new(collector.clone()))
            .default_service(web::put().to(take))
    };
    let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

#[actix_web::test]
async fn checkpoints_are_put_at_an_address_once_it_takes_them() {
    let app = TestApp::start().await;
    let collector = Collector::default();
    let address = serve(collector.clone());
    let publisher = Publisher::new(&format!("http://{address}/witness/wardlink")).unwrap();
    let notary = &app.services.notary;

    publisher.send(notary).await.unwrap();
    assert_eq!(collector.taken.lock().unwrap().len(), 0, "nothing is signed yet");

    let manager = app.sign_in("csm@camden.example").await;
    app.get(&manager, "/v1/me").await.expect(200);
    app.seal().await;
    jobs::sign(&app.services).await.unwrap();
    collector.is_away.store(true, Ordering::Relaxed);
    publisher.send(notary).await.unwrap_err();
    assert!(publisher.is_failing());

    collector.is_away.store(false, Ordering::Relaxed);
    publisher.send(notary).await.unwrap();
    publisher.send(notary).await.unwrap();
    assert!(!publisher.is_failing());

    let taken = collector.taken.lock().unwrap();
    let [(path, note)] = &taken[..] else {
        panic!("{taken:?}")
    };
    let checkpoint = Checkpoint::open(&note.parse().unwrap(), notary.verifier()).unwrap();
    assert_eq!(checkpoint, notary.last().unwrap());
    assert_eq!(*path, format!("/witness/wardlink/{:020}.checkpoint", checkpoint.size));
}
