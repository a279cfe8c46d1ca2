//! What holds for every operation of the document, whoever calls it.

mod matrix;
mod strangers;
