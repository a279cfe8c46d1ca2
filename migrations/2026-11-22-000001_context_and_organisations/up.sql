-- The tenant context, and who works with whom.
--
-- Roles (owner, definer, app, worker, auditor) are cluster-wide and are made by
-- `wardlink migrate` before this file runs; see src/db/roles.rs.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
create schema wardlink authorization wardlink_owner;
grant usage on schema wardlink to wardlink_definer, wardlink_app, wardlink_worker, wardlink_auditor;
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The context is set for one transaction by wardlink.enter() alone. An unset
-- setting is NULL on a fresh connection and '' on a used one: both mean nobody.
create function app_org() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;
create function app_user() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;
create function app_partnerships() returns uuid[] language sql stable parallel safe
  as $$ select nullif(current_setting('app.partnerships', true), '')::uuid[] $$;
-- What the permission at hand is limited to, as 'ward/type' patterns with '*'
-- for any; NULL where a grant carries it without limits.
create function app_scope() returns text[] language sql stable parallel safe
  as $$ select nullif(current_setting('app.scope', true), '')::text[] $$;

create table organisations (
  id uuid primary key,
  kind text not null check (kind in ('police', 'council', 'housing', 'fire', 'health', 'probation',
    'transport', 'voluntary', 'contractor', 'oversight', 'platform')),
  name text not null check (name <> ''),
  justification text not null default 'optional' check (justification in ('off', 'optional', 'required')),
  requires_acting_officer boolean not null default true,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Legal standing is dated, with its source (domain §1.5).
create table organisation_flags (
  org_id uuid not null references organisations (id),
  flag text not null check (flag in ('is_responsible_authority', 'is_s115_relevant_authority',
    'is_s104_relevant_body', 'is_part3_competent_authority', 's17_duty')),
  valid_from date not null,
  valid_to date check (valid_to > valid_from),
  source text not null,
  primary key (org_id, flag, valid_from)
);

create table partnerships (
  id uuid primary key,
  code text not null check (code ~ '^[A-Z]{3}$'),
  name text not null,
  local_authorities text[] not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  unique (code)
);

create table partnership_members (
  partnership_id uuid not null references partnerships (id),
  org_id uuid not null references organisations (id),
  member_from date not null default current_date,
  member_to date,
  primary key (partnership_id, org_id)
);
create index partnership_members_by_org on partnership_members (org_id);

-- Information sharing agreements (domain L14). The organisation that keeps the
-- document is org_id; every party may read it.
create table agreements (
  id uuid primary key,
  org_id uuid not null references organisations (id),
  partnership_id uuid not null references partnerships (id),
  title text not null,
  status text not null default 'draft' check (status in ('draft', 'active', 'ended')),
  purposes text[] not null,
  gateways text[] not null,
  data_classes text[] not null,
  active_from date not null,
  active_to date,
  review_due date not null,
  dpia_ref text,
  terms jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id)
);
create index agreements_by_partnership on agreements (partnership_id);

create table agreement_parties (
  agreement_id uuid not null,
  agreement_org_id uuid not null,
  org_id uuid not null references organisations (id),
  signed_at timestamptz,
  signed_by uuid,
  primary key (agreement_id, org_id),
  foreign key (agreement_org_id, agreement_id) references agreements (org_id, id)
);

alter table organisations enable row level security, force row level security;
alter table organisation_flags enable row level security, force row level security;
alter table partnerships enable row level security, force row level security;
alter table partnership_members enable row level security, force row level security;
alter table agreements enable row level security, force row level security;
alter table agreement_parties enable row level security, force row level security;

create policy fellow_members on partnership_members for select to wardlink_app
  using (partnership_id = any (app_partnerships()) or current_setting('app.org_kind', true) = 'platform');
create policy platform_adds on partnership_members for insert to wardlink_app
  with check (current_setting('app.org_kind', true) = 'platform');
create policy platform_changes on partnership_members for update to wardlink_app
  using (current_setting('app.org_kind', true) = 'platform')
  with check (current_setting('app.org_kind', true) = 'platform');

create policy own_and_partners on organisations for select to wardlink_app
  using (id = app_org() or current_setting('app.org_kind', true) = 'platform'
    or id in (select m.org_id from partnership_members m));
create policy own_changes on organisations for update to wardlink_app
  using (id = app_org() or current_setting('app.org_kind', true) = 'platform')
  with check (id = app_org() or current_setting('app.org_kind', true) = 'platform');
create policy platform_adds on organisations for insert to wardlink_app
  with check (current_setting('app.org_kind', true) = 'platform');

create policy as_its_organisation on organisation_flags for select to wardlink_app
  using (org_id in (select o.id from organisations o));
create policy platform_adds on organisation_flags for insert to wardlink_app
  with check (current_setting('app.org_kind', true) = 'platform');
create policy platform_changes on organisation_flags for update to wardlink_app
  using (current_setting('app.org_kind', true) = 'platform')
  with check (current_setting('app.org_kind', true) = 'platform');

create policy members on partnerships for select to wardlink_app
  using (id = any (app_partnerships()) or current_setting('app.org_kind', true) = 'platform');
create policy platform_adds on partnerships for insert to wardlink_app
  with check (current_setting('app.org_kind', true) = 'platform');

create policy members on agreements for select to wardlink_app
  using (partnership_id = any (app_partnerships()));
create policy keeper_adds on agreements for insert to wardlink_app
  with check (org_id = app_org() and partnership_id = any (app_partnerships()));
create policy keeper_changes on agreements for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());

create policy members on agreement_parties for select to wardlink_app
  using (agreement_id in (select a.id from agreements a));
create policy keeper_adds on agreement_parties for insert to wardlink_app
  with check (agreement_org_id = app_org());
-- While it is a draft the keeper may exchange the parties; their signatures go with that.
create policy keeper_removes on agreement_parties for delete to wardlink_app
  using (agreement_org_id = app_org()
    and agreement_id in (select a.id from agreements a where a.status = 'draft'));
create policy party_signs on agreement_parties for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());

-- Setting up a deployment, and the demo, are done as the owner.
create policy setup on organisations to wardlink_owner using (id is not null) with check (id is not null);
create policy setup on organisation_flags to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy setup on partnerships to wardlink_owner using (id is not null) with check (id is not null);
create policy setup on partnership_members to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy setup on agreements to wardlink_owner using (id is not null) with check (id is not null);
create policy setup on agreement_parties to wardlink_owner using (org_id is not null) with check (org_id is not null);

create policy definer on organisations for select to wardlink_definer using (id is not null);
create policy definer on agreements to wardlink_definer using (id is not null) with check (id is not null);
create policy definer on partnership_members for select to wardlink_definer using (org_id is not null);

grant select, insert, update on organisations, organisation_flags, partnership_members to wardlink_app;
grant select, insert on partnerships to wardlink_app;
grant select, insert, update on agreements, agreement_parties to wardlink_app;
grant delete on agreement_parties to wardlink_app;
grant select on organisations, partnership_members to wardlink_definer;
grant select, update on agreements to wardlink_definer;

-- A signature changes what the agreement shows, but a party may not write the
-- keeper's row.
create function count_signature() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  update agreements set version = version + 1, updated_at = now() where id = new.agreement_id;
  return null;
end $$;
create trigger count_signature after update on agreement_parties
  for each row execute function count_signature();

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.count_signature() owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;

reset role;
reset search_path;
