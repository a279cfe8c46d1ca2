//! Ways of forgetting tenancy, permission or audit that do not compile.
//!
//! What the compiler says of each stands beside it, so that none fails for another
//! reason than the one it is about. A newer compiler may word it differently: run
//! with `TRYBUILD=overwrite`, and read the difference.

#[test]
fn what_was_forgotten_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/forgetting/the_permission.rs");
    cases.compile_fail("tests/forgetting/the_permission_to_change.rs");
    cases.compile_fail("tests/forgetting/the_account_for_the_log.rs");
    cases.compile_fail("tests/forgetting/the_door.rs");
}
