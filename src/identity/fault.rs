//! What was at fault where somebody was not let in. The log tells, and no answer.

/// There is no account of that address.
pub const UNKNOWN_ACCOUNT: &str = "unknown_account";
/// The password is another.
pub const WRONG_PASSWORD: &str = "wrong_password";
/// The password is right, and the account is disabled.
pub const ACCOUNT_DISABLED: &str = "account_disabled";
/// The token for setting a password is none, is spent, or its hour is over.
pub const WRONG_RESET_TOKEN: &str = "wrong_reset_token";
/// The code of the authenticator is not that of now.
pub const WRONG_CODE: &str = "wrong_code";
/// The code is right, and was taken before.
pub const CODE_REUSE: &str = "code_reuse";
/// The recovery code is none, or was used.
pub const WRONG_RECOVERY_CODE: &str = "wrong_recovery_code";
/// Password, second factor or account were changed while they were looked at.
pub const ACCOUNT_CHANGED: &str = "account_changed";

/// The refresh token was spent before, so that somebody else may have it (RFC 9700 §4.14).
pub const TOKEN_REUSE: &str = "token_reuse";
/// The session of the refresh token was ended.
pub const SESSION_ENDED: &str = "session_ended";
/// The refresh token, or its session, has run out.
pub const TOKEN_EXPIRED: &str = "token_expired";
/// The refresh token is none of ours, or of a session that was forgotten.
pub const UNKNOWN_TOKEN: &str = "unknown_token";
