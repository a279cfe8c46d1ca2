//! What the log calls what is done beside the operations of the API, which it calls by their
//! `operationId`.

/// Jobs of the deployment, commands of whoever runs it, and what reached no operation. Some jobs,
/// like sealing, change nothing that the log tells of: asked for, they find nothing.
pub const BESIDE_OPERATIONS: [&str; 17] = [
    "command.appoint_administrator",
    "command.create_operator",
    "job.chase_recalls",
    "job.copy",
    "job.erase_event_body",
    "job.erase_former_names",
    "job.escalate_tasks",
    "job.expire_shares",
    "job.fire_clocks",
    "job.forget_yesterday",
    "job.lapse_tasks",
    "job.recode_wards",
    "job.rescan",
    "job.reseal_seeds",
    "job.seal",
    "job.sign",
    "none",
];
