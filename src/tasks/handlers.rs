//! Asking, answering, doing, verifying.

mod answer;
mod in_hand;
mod look;
mod propose;
mod show;
mod verdict;
mod work;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(propose::propose_task)
        .service(look::list_tasks)
        .service(look::list_tasks_of_case)
        .service(look::read_task)
        .service(look::list_task_events)
        .service(answer::accept_task)
        .service(answer::decline_task)
        .service(answer::counter_task)
        .service(answer::transfer_task)
        .service(answer::reassign_task)
        .service(work::start_task)
        .service(work::block_task)
        .service(work::unblock_task)
        .service(work::submit_task)
        .service(verdict::agree_task)
        .service(verdict::extend_task)
        .service(verdict::verify_task)
        .service(verdict::return_task)
        .service(verdict::cancel_task)
        .service(verdict::assess_task);
}
