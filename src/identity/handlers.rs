//! The operations of this capability, a file per subject.

mod own_account;
mod roles;
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
        .service(well_known::read_signing_keys)
        .service(well_known::read_security_contact);
}
