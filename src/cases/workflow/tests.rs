mod closings;
mod forbidden;
mod harness;
mod malformed;
mod random;
mod rules;
mod walks;
