-- Service accounts: partners' systems that act for an organisation without a person's
-- password. Each is a user of the kind `service`, so that whatever names a user names it.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
-- The owner of a table names the function of its trigger below.
grant execute on function wardlink.keep_sign_in_name() to wardlink_owner;

set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

alter table users add column kind text not null default 'person';
-- squawk-ignore ban-drop-not-null -- allows more; only what makes systems makes such rows
alter table users alter column email drop not null;
alter table users add constraint users_kind_check check (kind in ('person', 'service')) not valid;
alter table users add constraint users_email_check1 check ((kind = 'person') = (email is not null)) not valid;
-- squawk-ignore constraint-missing-not-valid -- so many people there are not
alter table users validate constraint users_kind_check;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table users validate constraint users_email_check1;

create table service_accounts (
  user_id uuid primary key,
  org_id uuid not null,
  -- The permissions it uses, of those that its roles carry.
  scopes text[] not null check (cardinality(scopes) > 0),
  -- Where it may call from; anywhere where that is null.
  networks inet[] check (cardinality(networks) > 0),
  expires_at timestamptz,
  created_by uuid not null,
  unique (org_id, user_id),
  foreign key (org_id, user_id) references users (org_id, id)
);

-- By what it shows who it is: the SHA-256 of 256 random bits, or a public key.
create table service_account_keys (
  id uuid primary key,
  org_id uuid not null,
  user_id uuid not null,
  secret_hash bytea check (octet_length(secret_hash) = 32),
  public_jwk jsonb,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  created_by uuid not null,
  created_at timestamptz not null,
  unique (org_id, id),
  check ((secret_hash is null) <> (public_jwk is null)),
  foreign key (org_id, user_id) references users (org_id, id)
);
create index service_account_keys_by_user on service_account_keys (org_id, user_id);

-- Assertions that were taken: none is taken twice (RFC 7523 §3, `jti`).
create table client_assertions (
  user_id uuid not null,
  digest bytea not null,
  expires_at timestamptz not null,
  primary key (user_id, digest)
);
create index client_assertions_by_age on client_assertions (expires_at);

-- The key a session was started with, and the scopes it was narrowed to.
alter table sessions add column key_id uuid, add column scopes text[];

alter table service_accounts enable row level security, force row level security;
alter table service_account_keys enable row level security, force row level security;
alter table client_assertions enable row level security, force row level security;

create policy own on service_accounts to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy own on service_account_keys to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy definer on service_accounts for select to wardlink_definer using (org_id is not null);
create policy definer on service_account_keys to wardlink_definer
  using (org_id is not null) with check (org_id is not null);
create policy definer on client_assertions to wardlink_definer
  using (user_id is not null) with check (user_id is not null);
create policy sweeper on client_assertions to wardlink_worker using (expires_at is not null);
create policy sweeper on password_resets to wardlink_worker using (expires_at is not null);

grant select, insert, update on service_accounts to wardlink_app;
grant select, insert, delete on service_account_keys to wardlink_app;
grant select on service_accounts to wardlink_definer;
grant select, update on service_account_keys to wardlink_definer;
grant select, insert on client_assertions to wardlink_definer;
grant select, delete on client_assertions, password_resets to wardlink_worker;

-- A system has no address to sign in with.
drop trigger keep_sign_in_name on users;
create trigger keep_sign_in_name after insert or update of email on users
  for each row when (new.email is not null) execute function keep_sign_in_name();

-- A service account and its keys, before there is a tenant. A row for each key that is
-- not over, and one without a key where there is none.
create function find_client(p_client uuid, p_now timestamptz)
  returns table (org_id uuid, is_open boolean, networks inet[], scopes text[],
    key_id uuid, secret_hash bytea, public_jwk jsonb)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select a.org_id, u.disabled_at is null and (a.expires_at is null or a.expires_at > p_now), a.networks, a.scopes,
         k.id, k.secret_hash, k.public_jwk
    from service_accounts a
    join users u on u.id = a.user_id
    left join service_account_keys k on k.org_id = a.org_id and k.user_id = a.user_id and k.expires_at > p_now
   where a.user_id = p_client
$$;

-- Starts a session of a service account by one of its keys, if that is still good, and
-- takes the assertion, if there is one, once: `started`, `replayed` or `refused`. Locks
-- account and key, so that whoever disables the one or deletes the other ends this
-- session too.
create function start_client_session(p_session uuid, p_client uuid, p_key uuid, p_scopes text[], p_life bigint,
    p_peer inet, p_user_agent text, p_assertion bytea, p_assertion_ends timestamptz, p_now timestamptz)
  returns text language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  the_org uuid;
  key_ends timestamptz;
begin
  select u.org_id into the_org from users u where u.id = p_client and u.disabled_at is null for share;
  select k.expires_at into key_ends from service_account_keys k
   where k.org_id = the_org and k.user_id = p_client and k.id = p_key and k.expires_at > p_now for update;
  if key_ends is null then
    return 'refused';
  end if;
  if p_assertion is not null then
    insert into client_assertions (user_id, digest, expires_at) values (p_client, p_assertion, p_assertion_ends)
      on conflict do nothing;
    if not found then
      return 'replayed';
    end if;
  end if;
  update service_account_keys k set last_used_at = p_now where k.id = p_key;
  insert into sessions (id, org_id, user_id, key_id, scopes, peer, user_agent, expires_at)
    values (p_session, the_org, p_client, p_key, p_scopes, p_peer, p_user_agent,
      now() + least(p_life * interval '1 second', key_ends - p_now));
  return 'started';
end $$;

reset role;
-- It is made again below with the same arguments and more columns: old binaries go on.
-- squawk-ignore ban-drop-function
drop function wardlink.enter(uuid, uuid, text);
set local role wardlink_owner;

-- As before. A system has a permission where its roles carry it and its scopes name it,
-- and so do those that the session was narrowed to.
create function enter(p_user uuid, p_session uuid, p_permission text,
    out verdict text, out org_id uuid, out org_kind text, out user_name text, out rank text,
    out justification text, out grants jsonb, out is_system boolean, out networks inet[],
    out needs_acting_officer boolean)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  has_ended boolean;
  is_unlimited boolean;
  scope text[];
  partnerships uuid[];
  set_to text;
begin
  select u.org_id, o.kind, u.name, u.rank, o.justification,
         u.disabled_at is not null or s.ended_at is not null or s.expires_at <= now()
           or a.expires_at is not null and a.expires_at <= now(),
         a.user_id is not null, a.networks, a.user_id is not null and o.requires_acting_officer,
         held.grants, held.is_unlimited,
         (select coalesce(array_agg(m.partnership_id), '{}') from partnership_members m
           where m.org_id = u.org_id and m.member_from <= current_date
             and (m.member_to is null or m.member_to > current_date))
    into org_id, org_kind, user_name, rank, justification, has_ended, is_system, networks, needs_acting_officer,
         grants, is_unlimited, partnerships
    from sessions s
    join users u on u.id = s.user_id
    join organisations o on o.id = u.org_id
    left join service_accounts a on a.user_id = u.id
    cross join lateral (
      select jsonb_agg(jsonb_build_object('role', g.role, 'areas', g.areas, 'case_types', g.case_types)) as grants,
             bool_or(g.areas is null and g.case_types is null) as is_unlimited
        from role_grants g
        left join built_in_roles b on b.code = g.role
        left join custom_roles c on c.org_id = g.org_id and c.code = g.role
       where g.org_id = u.org_id and g.user_id = u.id
         and (p_permission = '' or p_permission = any (coalesce(b.permissions, c.permissions))
           and (a.scopes is null or p_permission = any (a.scopes))
           and (s.scopes is null or p_permission = any (s.scopes)))) held
   where s.id = p_session and s.user_id = p_user;
  if has_ended is distinct from false then
    verdict := 'unauthenticated';
    justification := null;
    grants := null;
    return;
  end if;
  if grants is null and p_permission <> '' then
    verdict := 'forbidden';
    return;
  end if;

  if not is_unlimited then
    select array_agg(distinct area || '/' || kind) into scope
      from jsonb_to_recordset(grants) as held (areas text[], case_types text[]),
           unnest(coalesce(areas, '{*}')) area, unnest(coalesce(case_types, '{*}')) kind;
  end if;
  set_to := set_config('app.org_id', org_id::text, true);
  set_to := set_config('app.org_kind', org_kind, true);
  set_to := set_config('app.user_id', p_user::text, true);
  set_to := set_config('app.scope', coalesce(scope::text, ''), true);
  set_to := set_config('app.partnerships', partnerships::text, true);
  verdict := 'entered';
  grants := coalesce(grants, '[]');
end $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.find_client(uuid, timestamptz) owner to wardlink_definer;
alter function wardlink.start_client_session(uuid, uuid, uuid, text[], bigint, inet, text, bytea, timestamptz, timestamptz)
  owner to wardlink_definer;
alter function wardlink.enter(uuid, uuid, text) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.find_client(uuid, timestamptz),
  wardlink.start_client_session(uuid, uuid, uuid, text[], bigint, inet, text, bytea, timestamptz, timestamptz),
  wardlink.enter(uuid, uuid, text) from public;
grant execute on function wardlink.find_client(uuid, timestamptz),
  wardlink.start_client_session(uuid, uuid, uuid, text[], bigint, inet, text, bytea, timestamptz, timestamptz)
  to wardlink_app;
grant execute on function wardlink.enter(uuid, uuid, text) to wardlink_app, wardlink_worker, wardlink_definer;

reset role;
reset search_path;
