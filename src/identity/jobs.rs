//! What is let go of when its time is over.

use chrono::Duration;
use diesel_async::AsyncPgConnection;

use super::queries::{second_factor, sweep};
use super::second::place;
use crate::doors::{Deed, JobCaller, Run};
use crate::error::Result;
use crate::services::Services;

/// How long answers are kept for repeated requests, and failures to sign in counted.
const KEPT: Duration = Duration::hours(24);

/// Forgets answers kept for repeated requests, failed sign-ins, sessions that are over, and
/// what can be used to sign in no more, after a day.
///
/// # Errors
/// Those of the database.
pub async fn forget_yesterday(services: &Services) -> Result<usize> {
    let before = services.clock.now() - KEPT;
    JobCaller::new(&services.db.worker, "job.forget_yesterday")
        .run(async |connection: &mut AsyncPgConnection| {
            sweep::answers(connection, before).await?;
            sweep::failures(connection, before).await?;
            sweep::spent(connection, before).await?;
            sweep::sessions(connection, before).await?;
            Ok(Run::default())
        })
        .await
}

/// How many seeds are encrypted anew in one transaction.
const AT_ONCE: i64 = 100;

/// Encrypts under the secret in use what is encrypted under an older one, so that
/// the older one can be taken out of the file.
///
/// # Errors
/// If the work or the log fails; then nothing was changed.
pub async fn reseal_seeds(services: &Services) -> Result<usize> {
    let (secrets, current) = (&services.secrets, services.secrets.current_id());
    JobCaller::new(&services.db.worker, "job.reseal_seeds")
        .run(async |connection: &mut AsyncPgConnection| {
            let mut run = Run::default();
            for (user, org, sealed) in second_factor::sealed_under_others(connection, &current, AT_ONCE).await? {
                let place = place(org, user);
                let anew = secrets.unseal(&sealed, &place).ok();
                let Some(anew) = anew.and_then(|seed| secrets.seal(&seed, &place).ok()) else {
                    tracing::error!(%user, "a seed cannot be decrypted: its key is gone, or it was changed");
                    continue;
                };
                second_factor::reseal(connection, user, &anew).await?;
                run.did(Deed {
                    record: user,
                    case: None,
                    towards: vec![org],
                    told: None,
                });
            }
            Ok(run)
        })
        .await
}
