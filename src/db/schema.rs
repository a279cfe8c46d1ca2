//! The tables, as PostgreSQL describes them.
//!
//! Kept equal to the catalogue by the test `schema_rs_matches_the_database`,
//! which rewrites this file when run with `UPDATE_SCHEMA=1`.

/// Types of PostgreSQL that diesel has no name for.
pub mod sql_types {
    /// `tsvector`
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "tsvector"))]
    pub struct Tsvector;

    /// `tsquery`
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "tsquery"))]
    pub struct Tsquery;

    /// `xid8`
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "xid8"))]
    pub struct Xid8;
}

diesel::table! {
    use diesel::sql_types::*;

    agreement_parties (agreement_id, org_id) {
        agreement_id -> Uuid,
        agreement_org_id -> Uuid,
        org_id -> Uuid,
        signed_at -> Nullable<Timestamptz>,
        signed_by -> Nullable<Uuid>,
        withdrawn_at -> Nullable<Timestamptz>,
        withdrawn_by -> Nullable<Uuid>,
        withdrawal_reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    agreement_reviews (id) {
        id -> Uuid,
        org_id -> Uuid,
        agreement_id -> Uuid,
        held_on -> Date,
        outcome -> Text,
        findings -> Text,
        next_review_due -> Nullable<Date>,
        recorded_by -> Uuid,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    agreements (id) {
        id -> Uuid,
        org_id -> Uuid,
        partnership_id -> Uuid,
        title -> Text,
        status -> Text,
        purposes -> Array<Text>,
        gateways -> Array<Text>,
        data_classes -> Array<Text>,
        active_from -> Date,
        active_to -> Nullable<Date>,
        review_due -> Date,
        dpia_ref -> Nullable<Text>,
        terms -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version_number -> BigInt,
        first_version_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    attachments (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        file_name -> Text,
        media_type -> Text,
        size_bytes -> BigInt,
        sha256 -> Bytea,
        phase -> Text,
        taken_at -> Nullable<Timestamptz>,
        orientation -> Nullable<SmallInt>,
        state -> Text,
        scan_result -> Nullable<Text>,
        uploaded_by -> Uuid,
        created_at -> Timestamptz,
        version -> BigInt,
        scans -> BigInt,
        next_scan_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_checkpoints (tree_size) {
        tree_size -> BigInt,
        root -> Bytea,
        note -> Text,
        verifier_key -> Text,
        signed_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_cosignatures (tree_size, org_id, verifier_key) {
        tree_size -> BigInt,
        org_id -> Uuid,
        verifier_key -> Text,
        line -> Text,
        witnessed_at -> Timestamptz,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::*;

    audit_events (seq) {
        seq -> BigInt,
        id -> Uuid,
        tx -> Xid8,
        at -> Timestamptz,
        op -> Text,
        action -> Text,
        outcome -> Text,
        status -> Nullable<SmallInt>,
        reason -> Nullable<Text>,
        actor_user_id -> Nullable<Uuid>,
        org_id -> Nullable<Uuid>,
        session_id -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Text>,
        purpose -> Text,
        justification -> Nullable<Text>,
        request_id -> Uuid,
        peer -> Nullable<Inet>,
        case_ids -> Array<Uuid>,
        case_org_ids -> Array<Uuid>,
        record_ids -> Array<Uuid>,
        data_classes -> Array<Text>,
        recipient_org_ids -> Array<Uuid>,
        facts -> Jsonb,
        case_classes -> Nullable<Array<Text>>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_hashes (level, place) {
        level -> SmallInt,
        place -> BigInt,
        hash -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_readers (org_id, at, seq) {
        org_id -> Uuid,
        at -> Timestamptz,
        seq -> BigInt,
        actor_org_id -> Nullable<Uuid>,
        actor_user_id -> Nullable<Uuid>,
        op -> Text,
        action -> Text,
        outcome -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_seals (leaf_index) {
        leaf_index -> BigInt,
        seq -> BigInt,
        link_salt -> Bytea,
        body_salt -> Nullable<Bytea>,
        body_hash -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    built_in_roles (code) {
        code -> Text,
        permissions -> Array<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::*;

    case_access (org_id, case_id) {
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        level -> Text,
        data_classes -> Array<Text>,
        share_id -> Nullable<Uuid>,
        since -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        partnership_id -> Uuid,
        #[sql_name = "ref"]
        ref_ -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        state -> Text,
        status_class -> Text,
        public_status -> Text,
        title -> Text,
        priority -> Text,
        sensitive -> Bool,
        ward_gss -> Text,
        lead_user_id -> Nullable<Uuid>,
        lon -> Nullable<Double>,
        lat -> Nullable<Double>,
        due_at -> Nullable<Timestamptz>,
        opened_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> BigInt,
        search -> Tsvector,
        uprn -> Nullable<Text>,
        changed_at -> Timestamptz,
        open_case_key -> Nullable<Text>,
        waiting_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    case_clocks (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        name -> Text,
        rule -> Jsonb,
        basis -> Text,
        start_event -> Text,
        started_at -> Timestamptz,
        due_at -> Timestamptz,
        pauses -> Jsonb,
        stopped_at -> Nullable<Timestamptz>,
        result -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    case_links (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        linked_case_id -> Uuid,
        linked_case_org_id -> Uuid,
        kind -> Text,
        reason -> Nullable<Text>,
        linked_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    case_locations (case_id) {
        case_id -> Uuid,
        org_id -> Uuid,
        lon -> Double,
        lat -> Double,
        address -> Nullable<Text>,
        uprn -> Nullable<Text>,
        usrn -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    case_positions (org_id, case_id) {
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        stance -> Text,
        summary -> Nullable<Text>,
        lead_user_id -> Nullable<Uuid>,
        updated_by -> Uuid,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    case_transitions (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        event -> Text,
        from_state -> Text,
        to_state -> Text,
        actor_user_id -> Nullable<Uuid>,
        rank -> Nullable<Text>,
        roles -> Array<Text>,
        on_behalf_of -> Nullable<Text>,
        reason -> Nullable<Text>,
        data -> Jsonb,
        outcome -> Nullable<Text>,
        explanation -> Nullable<Text>,
        reporter_told -> Nullable<Bool>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    cases (id) {
        id -> Uuid,
        org_id -> Uuid,
        partnership_id -> Uuid,
        #[sql_name = "ref"]
        ref_ -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        state -> Text,
        status_class -> Text,
        public_status -> Text,
        title -> Text,
        description -> Text,
        priority -> Text,
        qualifier -> Nullable<Text>,
        risk_band -> Nullable<Text>,
        sensitive -> Bool,
        regime -> Text,
        details -> Jsonb,
        lead_user_id -> Nullable<Uuid>,
        ward_gss -> Text,
        ward_gss_at_report -> Text,
        occurred_from -> Nullable<Timestamptz>,
        occurred_to -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
        due_at -> Nullable<Timestamptz>,
        opened_at -> Timestamptz,
        opened_by -> Uuid,
        updated_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        version -> BigInt,
        open_case_key -> Nullable<Text>,
        separate_because -> Nullable<Text>,
        waiting_until -> Nullable<Timestamptz>,
        lead_organisation_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    client_assertions (user_id, digest) {
        user_id -> Uuid,
        digest -> Bytea,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    custom_roles (id) {
        id -> Uuid,
        org_id -> Uuid,
        code -> Text,
        name -> Text,
        permissions -> Array<Text>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    earlier_memberships (partnership_id, org_id, member_from) {
        partnership_id -> Uuid,
        org_id -> Uuid,
        member_from -> Date,
        member_to -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    former_names (id, until) {
        id -> Uuid,
        org_id -> Uuid,
        name -> Nullable<Text>,
        until -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    idempotency_keys (org_id, user_id, method, path, key) {
        org_id -> Uuid,
        user_id -> Uuid,
        method -> Text,
        path -> Text,
        key -> Text,
        request_hash -> Bytea,
        case_id -> Nullable<Uuid>,
        status -> SmallInt,
        headers -> Jsonb,
        body -> Bytea,
        created_at -> Timestamptz,
        data_classes -> Array<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    notes (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        author_user_id -> Uuid,
        body -> Text,
        audience -> Text,
        audience_org_ids -> Array<Uuid>,
        basis -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    organisation_flags (org_id, flag, valid_from) {
        org_id -> Uuid,
        flag -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        source -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    organisations (id) {
        id -> Uuid,
        kind -> Text,
        name -> Text,
        justification -> Text,
        requires_acting_officer -> Bool,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        second_factor_for -> Array<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::*;

    outbox_events (seq) {
        seq -> BigInt,
        id -> Uuid,
        tx -> Xid8,
        at -> Timestamptz,
        org_id -> Uuid,
        actor_user_id -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Text>,
        case_id -> Nullable<Uuid>,
        case_org_id -> Nullable<Uuid>,
        name -> Text,
        data_class -> Text,
        audience_org_ids -> Nullable<Array<Uuid>>,
        record_id -> Nullable<Uuid>,
        request_id -> Nullable<Uuid>,
        facts -> Jsonb,
        beside_case_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    partnership_members (partnership_id, org_id) {
        partnership_id -> Uuid,
        org_id -> Uuid,
        member_from -> Date,
        member_to -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    partnerships (id) {
        id -> Uuid,
        code -> Text,
        name -> Text,
        local_authorities -> Array<Text>,
        version -> BigInt,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    password_resets (user_id) {
        user_id -> Uuid,
        org_id -> Uuid,
        token_hash -> Bytea,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    recoveries (org_id, user_id, helped_by) {
        org_id -> Uuid,
        user_id -> Uuid,
        helped_by -> Uuid,
        password_at -> Nullable<Timestamptz>,
        second_factor_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    recovery_codes (org_id, user_id, digest) {
        org_id -> Uuid,
        user_id -> Uuid,
        digest -> Bytea,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    refresh_tokens (hash) {
        hash -> Bytea,
        org_id -> Uuid,
        session_id -> Uuid,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        spent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    role_grants (id) {
        id -> Uuid,
        org_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        areas -> Nullable<Array<Text>>,
        case_types -> Nullable<Array<Text>>,
        granted_by -> Nullable<Uuid>,
        granted_at -> Timestamptz,
        until -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::*;

    sealing (only_row) {
        only_row -> Bool,
        size -> BigInt,
        peaks -> Array<Bytea>,
        tx -> Xid8,
        seq -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sector_wards (org_id, sector_id, gss, valid_from) {
        org_id -> Uuid,
        sector_id -> Uuid,
        gss -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sectors (id) {
        id -> Uuid,
        org_id -> Uuid,
        local_authority -> Text,
        name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    service_account_keys (id) {
        id -> Uuid,
        org_id -> Uuid,
        user_id -> Uuid,
        secret_hash -> Nullable<Bytea>,
        public_jwk -> Nullable<Jsonb>,
        expires_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    service_accounts (user_id) {
        user_id -> Uuid,
        org_id -> Uuid,
        scopes -> Array<Text>,
        networks -> Nullable<Array<Inet>>,
        expires_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sessions (id) {
        id -> Uuid,
        org_id -> Uuid,
        user_id -> Uuid,
        peer -> Nullable<Inet>,
        user_agent -> Nullable<Text>,
        started_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
        key_id -> Nullable<Uuid>,
        scopes -> Nullable<Array<Text>>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    share_recalls (share_id) {
        share_id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        to_org_id -> Uuid,
        case_ref -> Text,
        case_type -> Text,
        ward_gss -> Text,
        reason -> Text,
        recalled_by -> Uuid,
        recalled_at -> Timestamptz,
        due_at -> Timestamptz,
        outcome -> Nullable<Text>,
        statement -> Nullable<Text>,
        acknowledged_by -> Nullable<Uuid>,
        acknowledged_at -> Nullable<Timestamptz>,
        overdue_at -> Nullable<Timestamptz>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    shares (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        to_org_id -> Uuid,
        level -> Text,
        data_classes -> Array<Text>,
        gateway -> Text,
        gateway_reference -> Nullable<Text>,
        agreement_org_id -> Nullable<Uuid>,
        agreement_id -> Nullable<Uuid>,
        purpose -> Text,
        safeguarding_note -> Nullable<Text>,
        quality -> Nullable<Jsonb>,
        ad_hoc_reason -> Nullable<Text>,
        state -> Text,
        requested_by -> Uuid,
        requested_by_org_id -> Uuid,
        approved_by -> Nullable<Uuid>,
        approved_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        ended_by -> Nullable<Uuid>,
        end_reason -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        shows_children -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sign_in_failures (key) {
        key -> Bytea,
        failures -> BigInt,
        last_at -> Timestamptz,
        leaked_to -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sign_in_names (email) {
        email -> Text,
        user_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    subjects (id) {
        id -> Uuid,
        org_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        kind -> Text,
        role -> Text,
        basis -> Text,
        is_child -> Bool,
        particulars -> Jsonb,
        added_by -> Uuid,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search_keys -> Array<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    task_events (seq) {
        seq -> BigInt,
        id -> Uuid,
        task_id -> Uuid,
        task_org_id -> Uuid,
        org_id -> Uuid,
        actor_user_id -> Nullable<Uuid>,
        on_behalf_of -> Nullable<Text>,
        at -> Timestamptz,
        verb -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        requesting_user_id -> Uuid,
        owner_org_id -> Uuid,
        owner_user_id -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        text -> Nullable<Text>,
        due_before -> Nullable<Timestamptz>,
        due_after -> Nullable<Timestamptz>,
        facts -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    task_standings (task_id) {
        task_id -> Uuid,
        org_id -> Uuid,
        data_classes -> Array<Text>,
        escalation_level -> Nullable<SmallInt>,
        escalate_at -> Nullable<Timestamptz>,
        blocker -> Nullable<Text>,
        paused_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    tasks (id) {
        id -> Uuid,
        org_id -> Uuid,
        requesting_user_id -> Uuid,
        case_id -> Uuid,
        case_org_id -> Uuid,
        #[sql_name = "ref"]
        ref_ -> Text,
        owner_org_id -> Uuid,
        owner_user_id -> Nullable<Uuid>,
        owner_team_id -> Nullable<Uuid>,
        previous_owner_org_ids -> Array<Uuid>,
        title -> Text,
        description -> Text,
        tactic -> Text,
        priority -> Text,
        state -> Text,
        due_at -> Timestamptz,
        original_due_at -> Timestamptz,
        accept_due_at -> Nullable<Timestamptz>,
        success_measure -> Nullable<Text>,
        offer -> Nullable<Jsonb>,
        extensions -> Integer,
        submitted_by -> Nullable<Uuid>,
        result -> Nullable<Text>,
        outcome -> Nullable<Text>,
        evidence_ids -> Array<Uuid>,
        evidence_text -> Nullable<Text>,
        verified_by -> Nullable<Uuid>,
        effectiveness -> Nullable<SmallInt>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    team_members (org_id, team_id, user_id, member_from) {
        org_id -> Uuid,
        team_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        public_contactable -> Bool,
        member_from -> Date,
        member_to -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    teams (id) {
        id -> Uuid,
        org_id -> Uuid,
        name -> Text,
        gss -> Nullable<Text>,
        contact -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    totp_seeds (user_id) {
        user_id -> Uuid,
        org_id -> Uuid,
        key_id -> Text,
        seed -> Bytea,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> Nullable<BigInt>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    users (id) {
        id -> Uuid,
        org_id -> Uuid,
        email -> Nullable<Text>,
        name -> Text,
        rank -> Nullable<Text>,
        post -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        is_demo -> Bool,
        disabled_at -> Nullable<Timestamptz>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        kind -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    ward_priorities (id) {
        id -> Uuid,
        org_id -> Uuid,
        partnership_id -> Uuid,
        gss -> Text,
        text -> Text,
        case_types -> Array<Text>,
        set_by -> Text,
        set_on -> Date,
        minutes_ref -> Nullable<Text>,
        votes -> Nullable<Jsonb>,
        evidence -> Nullable<Text>,
        actions -> Jsonb,
        status -> Text,
        outcome -> Nullable<Text>,
        ended_on -> Nullable<Date>,
        replaced_by -> Nullable<Uuid>,
        reviewed_on -> Nullable<Date>,
        recorded_by -> Uuid,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    ward_versions (gss, valid_from) {
        gss -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        name -> Text,
        local_authority -> Text,
        source -> Text,
        approximate -> Bool,
        boundary -> Jsonb,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    agreement_parties,
    agreement_reviews,
    agreements,
    attachments,
    audit_checkpoints,
    audit_cosignatures,
    audit_events,
    audit_hashes,
    audit_readers,
    audit_seals,
    built_in_roles,
    case_access,
    case_clocks,
    case_links,
    case_locations,
    case_positions,
    case_transitions,
    cases,
    client_assertions,
    custom_roles,
    earlier_memberships,
    former_names,
    idempotency_keys,
    notes,
    organisation_flags,
    organisations,
    outbox_events,
    partnership_members,
    partnerships,
    password_resets,
    recoveries,
    recovery_codes,
    refresh_tokens,
    role_grants,
    sealing,
    sector_wards,
    sectors,
    service_account_keys,
    service_accounts,
    sessions,
    share_recalls,
    shares,
    sign_in_failures,
    sign_in_names,
    subjects,
    task_events,
    task_standings,
    tasks,
    team_members,
    teams,
    totp_seeds,
    users,
    ward_priorities,
    ward_versions,
);
