//! The parameters of a list that has neither filters nor a choice of order.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::paging::{self, Page};
use crate::doors::Answer;
use crate::error::Result;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlainList {
    /// Records on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl PlainList {
    /// Records on the page.
    ///
    /// # Errors
    /// 422 outside 1 to 200.
    pub fn limit(&self) -> Result<i64> {
        paging::limit(self.limit)
    }

    /// The key at which the page before ended.
    ///
    /// # Errors
    /// 422 if the cursor is not one of `order`.
    pub fn after<K: DeserializeOwned>(&self, order: &str) -> Result<Option<K>> {
        paging::read_cursor(order, self.cursor.as_deref())
    }

    /// The answer with `page`, with the `Link` to the next one.
    ///
    /// # Errors
    /// If the page cannot be written as JSON.
    pub fn answer<T: Serialize>(&self, path: &str, page: &Page<T>) -> Result<Answer> {
        let answer = Answer::ok(page)?;
        let Some(next) = page.next.as_deref() else {
            return Ok(answer);
        };
        let query = self.limit.map_or(String::new(), |limit| format!("limit={limit}"));
        Ok(answer.header("Link", paging::next_link(path, &query, next)))
    }
}
