//! The operations of this capability, a file per subject.

mod agreement_account;
mod agreement_reviews;
mod agreement_versions;
mod agreements;
mod organisations;
mod partnerships;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::doors::Room;
use crate::error::{AppError, Result};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(organisations::list_organisations)
        .service(organisations::create_organisation)
        .service(organisations::read_organisation)
        .service(organisations::update_organisation)
        .service(organisations::set_organisation_flag)
        .service(partnerships::list_partnerships)
        .service(partnerships::create_partnership)
        .service(partnerships::read_partnership)
        .service(partnerships::list_members)
        .service(partnerships::add_member)
        .service(partnerships::end_membership)
        .service(agreements::list_agreements)
        .service(agreements::draft_agreement)
        .service(agreements::read_agreement)
        .service(agreements::update_agreement)
        .service(agreements::sign_agreement)
        .service(agreements::activate_agreement)
        .service(agreements::withdraw_from_agreement)
        .service(agreements::end_agreement)
        .service(agreement_versions::list_agreement_versions)
        .service(agreement_versions::draft_agreement_version)
        .service(agreement_reviews::review_agreement)
        .service(agreement_reviews::list_agreement_reviews);
}

fn is_platform(room: &Room) -> bool {
    room.person.org_kind == "platform"
}

/// Only the platform's own organisation goes on.
fn platform_only(room: &Room) -> Result<()> {
    if is_platform(room) {
        return Ok(());
    }
    Err(AppError::Forbidden(
        "only the platform's own organisation may do this".to_owned(),
    ))
}
