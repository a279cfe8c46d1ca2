//! One attempt to sign in, counted before it is judged.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ipnetwork::IpNetwork;

use super::back_off::{Counted, wait};
use super::queries::sign_in::{self, SignIn};
use super::secrets::Use;
use crate::doors::Hall;
use crate::error::Result;
use crate::limits::neighbourhood;

/// An attempt to sign in to one account from one address.
pub struct Attempt {
    peer: Option<IpAddr>,
    now: DateTime<Utc>,
    pair: Vec<u8>,
    account: Vec<u8>,
    address: Vec<u8>,
}

impl Attempt {
    /// An attempt on the account of `email`, whether or not there is one.
    pub fn new(hall: &Hall, email: &str) -> Self {
        let peer = hall.request.peer;
        let near = peer.map(|peer| neighbourhood(peer).to_string()).unwrap_or_default();
        let key = |text: String| hall.services.secrets.digest(Use::SignIn, text.as_bytes()).to_vec();
        Self {
            peer,
            now: hall.services.clock.now(),
            pair: key(format!("pair {near} {email}")),
            account: key(format!("account {email}")),
            address: key(format!("address {near}")),
        }
    }

    /// Counts it as failed, or says how many seconds it is too early. Either way
    /// that stands before the password is looked at.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wait(&self, hall: &mut Hall, found: Option<&SignIn>) -> Result<Option<u32>> {
        let peer = self.peer.map(IpNetwork::from);
        let is_known = match found {
            Some(user) => sign_in::is_known_at(hall.connection(), user.user_id, peer, self.now).await?,
            None => false,
        };
        let keys = vec![self.pair.clone(), self.account.clone(), self.address.clone()];
        let before = sign_in::count_attempt(hall.connection(), keys, self.now).await?;
        let opens = before.into_iter().filter_map(|(key, failures)| {
            let counted = self.counted(&key)?;
            let applies = counted == Counted::Pair || !is_known;
            applies.then(|| counted.opens_at(failures))
        });
        let seconds = wait(opens, self.now);
        match seconds {
            Some(_) => hall.undo().await?,
            None => hall.settle().await?,
        }
        Ok(seconds)
    }

    /// Takes it back, with the failures before it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn succeeded(&self, hall: &mut Hall) -> Result<()> {
        let forgotten = vec![self.pair.clone(), self.account.clone()];
        sign_in::forgive(hall.connection(), forgotten, Some(self.address.clone())).await
    }

    fn counted(&self, key: &[u8]) -> Option<Counted> {
        if key == self.pair {
            Some(Counted::Pair)
        } else if key == self.account {
            Some(Counted::Account)
        } else {
            (key == self.address).then_some(Counted::Address)
        }
    }
}
