mod closings;
mod forbidden;
mod harness;
mod hostility;
mod malformed;
mod random;
mod rules;
mod walks;
