//! The operations of this capability, a file per subject.

mod colleagues;
mod oauth;
mod own_account;
mod own_tokens;
mod roles;
mod service_account_keys;
mod service_accounts;
mod sign_in;
mod totp;
mod users;
mod well_known;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(sign_in::login)
        .service(sign_in::refresh)
        .service(sign_in::logout)
        .service(sign_in::read_me)
        .service(own_account::list_my_sessions)
        .service(own_account::end_my_session)
        .service(own_account::change_my_password)
        .service(totp::enrol_totp)
        .service(totp::confirm_totp)
        .service(totp::remove_totp)
        .service(totp::remove_totp_of)
        .service(colleagues::list_colleagues)
        .service(users::list_users)
        .service(users::create_user)
        .service(users::read_user)
        .service(users::update_user)
        .service(users::replace_roles)
        .service(users::reset_password_of)
        .service(roles::list_roles)
        .service(roles::create_role)
        .service(roles::read_role)
        .service(roles::update_role)
        .service(service_accounts::list_service_accounts)
        .service(service_accounts::create_service_account)
        .service(service_accounts::read_service_account)
        .service(service_accounts::update_service_account)
        .service(service_account_keys::list_service_account_keys)
        .service(service_account_keys::create_service_account_key)
        .service(service_account_keys::read_service_account_key)
        .service(service_account_keys::delete_service_account_key)
        .service(oauth::issue_token)
        .service(own_tokens::revoke_token)
        .service(own_tokens::introspect_token)
        .service(oauth::read_server_metadata)
        .service(well_known::read_signing_keys)
        .service(well_known::read_security_contact);
}
