//! Bad input is refused wherever it can be put, and what is refused leaves nothing behind.

mod forms;
mod headers;
mod members;
mod parameters;
mod steps;
mod values;
mod ways;

use std::future::ready;

use futures_util::StreamExt;
use futures_util::stream;

/// Requests under way at once: as many as a service of a test has connections.
const AT_ONCE: usize = 4;

/// Sends requests, and says of each what is wrong with its answer.
async fn faults<F: Future<Output = Option<String>>>(requests: impl Iterator<Item = F>) -> Vec<String> {
    stream::iter(requests)
        .buffer_unordered(AT_ONCE)
        .filter_map(ready)
        .collect()
        .await
}
