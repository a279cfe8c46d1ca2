-- People, what they may do, and how a request proves it.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table users (
  id uuid primary key,
  org_id uuid not null references organisations (id),
  email text not null check (email = lower(email)),
  name text not null,
  rank text,
  post text,
  password_hash text,
  is_demo boolean not null default false,
  disabled_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  unique (org_id, email)
);

-- An e-mail address signs in one person in the whole deployment. Kept apart so
-- that no tenant's query can use it to find out about another.
create table sign_in_names (
  email text primary key,
  user_id uuid not null
);

-- Written by `wardlink migrate` from src/identity/roles.rs, read by enter().
create table built_in_roles (
  code text primary key,
  permissions text[] not null
);

create table custom_roles (
  id uuid primary key,
  org_id uuid not null references organisations (id),
  code text not null,
  name text not null,
  permissions text[] not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  unique (org_id, code)
);

-- A role held by a person, perhaps only in some wards and for some case types.
create table role_grants (
  id uuid primary key,
  org_id uuid not null,
  user_id uuid not null,
  role text not null,
  areas text[] check (cardinality(areas) > 0),
  case_types text[] check (cardinality(case_types) > 0),
  granted_by uuid,
  granted_at timestamptz not null default now(),
  foreign key (org_id, user_id) references users (org_id, id)
);
create index role_grants_by_user on role_grants (org_id, user_id);

create table sessions (
  id uuid primary key,
  org_id uuid not null,
  user_id uuid not null,
  peer inet,
  user_agent text,
  started_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz,
  end_reason text check (end_reason in ('logout', 'killed', 'token_reuse', 'password_changed', 'disabled')),
  unique (org_id, id),
  foreign key (org_id, user_id) references users (org_id, id)
);
create index sessions_by_user on sessions (org_id, user_id);

create table refresh_tokens (
  hash bytea primary key,
  org_id uuid not null,
  session_id uuid not null,
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null,
  spent_at timestamptz,
  foreign key (org_id, session_id) references sessions (org_id, id)
);
create index refresh_tokens_by_session on refresh_tokens (org_id, session_id);

-- Answers kept for repeated Idempotency-Keys, 24 hours.
create table idempotency_keys (
  org_id uuid not null,
  user_id uuid not null,
  method text not null,
  path text not null,
  key text not null,
  request_hash bytea not null,
  case_id uuid,
  status smallint not null,
  headers jsonb not null,
  body bytea not null,
  created_at timestamptz not null default now(),
  primary key (org_id, user_id, method, path, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

alter table users enable row level security, force row level security;
alter table sign_in_names enable row level security, force row level security;
alter table built_in_roles enable row level security, force row level security;
alter table custom_roles enable row level security, force row level security;
alter table role_grants enable row level security, force row level security;
alter table sessions enable row level security, force row level security;
alter table refresh_tokens enable row level security, force row level security;
alter table idempotency_keys enable row level security, force row level security;

-- Names of partners' people are visible (a task names both sides' officers);
-- what else a person's row holds is shown to their own organisation only.
create policy own_and_partners on users for select to wardlink_app
  using (org_id = app_org() or org_id in (select m.org_id from partnership_members m
    where m.partnership_id = any (app_partnerships())));
create policy own_adds on users for insert to wardlink_app with check (org_id = app_org());
create policy own_changes on users for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());
create policy signed_in on built_in_roles for select to wardlink_app using (app_user() is not null);
create policy own on custom_roles to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy own on role_grants to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy own on sessions to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy own on refresh_tokens to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy own on idempotency_keys to wardlink_app
  using (org_id = app_org() and user_id = app_user()) with check (org_id = app_org() and user_id = app_user());

create policy definer on users to wardlink_definer using (org_id is not null) with check (org_id is not null);
create policy definer on sign_in_names to wardlink_definer using (user_id is not null) with check (user_id is not null);
create policy definer on built_in_roles for select to wardlink_definer using (code is not null);
create policy definer on custom_roles for select to wardlink_definer using (org_id is not null);
create policy definer on role_grants for select to wardlink_definer using (org_id is not null);
create policy definer_adds on role_grants for insert to wardlink_definer with check (role = 'org_admin');
create policy definer on sessions to wardlink_definer using (org_id is not null) with check (org_id is not null);
create policy definer on refresh_tokens to wardlink_definer using (org_id is not null) with check (org_id is not null);
create policy setup on users to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy setup on built_in_roles to wardlink_owner using (code is not null) with check (code is not null);
create policy setup on role_grants to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy sweeper on idempotency_keys to wardlink_worker using (created_at is not null);

grant select, insert, update on users to wardlink_app;
grant select on built_in_roles to wardlink_app;
grant select, insert, update on custom_roles, sessions, refresh_tokens to wardlink_app;
grant select, insert, delete on role_grants to wardlink_app;
grant select, insert on idempotency_keys to wardlink_app;
grant select, delete on idempotency_keys to wardlink_worker;
grant select, insert, update on users to wardlink_definer;
grant insert on role_grants to wardlink_definer;
grant select, insert, update, delete on sign_in_names to wardlink_definer;
grant select on built_in_roles, custom_roles, role_grants to wardlink_definer;
grant select, insert, update on sessions, refresh_tokens to wardlink_definer;

create function keep_sign_in_name() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  if tg_op = 'UPDATE' and old.email is distinct from new.email then
    delete from sign_in_names where email = old.email;
  end if;
  if tg_op = 'INSERT' or old.email is distinct from new.email then
    insert into sign_in_names (email, user_id) values (new.email, new.id);
  end if;
  return null;
end $$;
create trigger keep_sign_in_name after insert or update of email on users
  for each row execute function keep_sign_in_name();

-- The one way into a tenant: proves that the session lives and that the person
-- holds the permission, and only then sets the context for this transaction.
-- Whoever is refused gets a verdict and no context, so the statements that
-- follow in the same pipeline see no row and can write none.
create function enter(p_user uuid, p_session uuid, p_permission text)
  returns table (verdict text, org_id uuid, org_kind text, user_name text, rank text,
    justification text, grants jsonb)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  who record;
  held jsonb;
  scope text[];
begin
  select u.org_id, u.name, u.rank, u.disabled_at, s.ended_at, s.expires_at, o.kind, o.justification
    into who
    from sessions s
    join users u on u.id = s.user_id
    join organisations o on o.id = u.org_id
   where s.id = p_session and s.user_id = p_user;
  if not found or who.disabled_at is not null or who.ended_at is not null or who.expires_at <= now() then
    return query select 'unauthenticated'::text, who.org_id, who.kind, who.name, who.rank, null::text, null::jsonb;
    return;
  end if;

  select jsonb_agg(jsonb_build_object('role', g.role, 'areas', g.areas, 'case_types', g.case_types))
    into held
    from role_grants g
    left join built_in_roles b on b.code = g.role
    left join custom_roles c on c.org_id = g.org_id and c.code = g.role
   where g.org_id = who.org_id and g.user_id = p_user
     and (p_permission = '' or p_permission = any (coalesce(b.permissions, c.permissions)));
  if held is null and p_permission <> '' then
    return query select 'forbidden'::text, who.org_id, who.kind, who.name, who.rank, who.justification, null::jsonb;
    return;
  end if;

  if not exists (select from jsonb_array_elements(held) h
                  where h -> 'areas' = 'null' and h -> 'case_types' = 'null') then
    select array_agg(distinct area || '/' || kind) into scope
      from jsonb_array_elements(held) h,
           jsonb_array_elements_text(case when h -> 'areas' = 'null' then '["*"]' else h -> 'areas' end) area,
           jsonb_array_elements_text(case when h -> 'case_types' = 'null' then '["*"]' else h -> 'case_types' end) kind;
  end if;

  perform set_config('app.org_id', who.org_id::text, true),
          set_config('app.org_kind', who.kind, true),
          set_config('app.user_id', p_user::text, true),
          set_config('app.scope', coalesce(scope::text, ''), true),
          set_config('app.partnerships', coalesce((
            select array_agg(m.partnership_id)::text from partnership_members m
             where m.org_id = who.org_id and m.member_from <= current_date
               and (m.member_to is null or m.member_to > current_date)), '{}'), true);
  return query select 'entered'::text, who.org_id, who.kind, who.name, who.rank, who.justification,
                      coalesce(held, '[]'::jsonb);
end $$;

-- Before sign-in there is no tenant. These few look-ups are all that is possible.
create function find_sign_in(p_email text)
  returns table (user_id uuid, org_id uuid, password_hash text, disabled boolean, is_demo boolean)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select u.id, u.org_id, u.password_hash, u.disabled_at is not null, u.is_demo
    from sign_in_names n join users u on u.id = n.user_id where n.email = lower(p_email)
$$;

-- Lives are in seconds, counted by the database's clock.
create function start_session(p_session uuid, p_user uuid, p_life bigint, p_peer inet,
    p_user_agent text, p_token bytea, p_token_life bigint, p_rehash text)
  returns void language sql volatile security definer set search_path = wardlink, pg_temp as $$
  insert into sessions (id, org_id, user_id, peer, user_agent, expires_at)
    select p_session, u.org_id, u.id, p_peer, p_user_agent, now() + p_life * interval '1 second' from users u where u.id = p_user;
  insert into refresh_tokens (hash, org_id, session_id, expires_at)
    select p_token, u.org_id, p_session, now() + p_token_life * interval '1 second' from users u where u.id = p_user;
  update users set password_hash = p_rehash where id = p_user and p_rehash is not null;
$$;

-- Spends a refresh token once. A token seen again ends its whole family.
create function rotate_refresh_token(p_spent bytea, p_fresh bytea, p_life bigint)
  returns table (verdict text, user_id uuid, org_id uuid, session_id uuid)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  t record;
begin
  select r.session_id, r.spent_at, r.expires_at, s.user_id, s.org_id, s.ended_at, s.expires_at as session_expires,
         u.disabled_at
    into t
    from refresh_tokens r join sessions s on s.id = r.session_id join users u on u.id = s.user_id
   where r.hash = p_spent for update of r, s;
  if not found then
    return query select 'unknown'::text, null::uuid, null::uuid, null::uuid;
  elsif t.spent_at is not null then
    update sessions set ended_at = now(), end_reason = 'token_reuse'
     where id = t.session_id and ended_at is null;
    return query select 'reused'::text, t.user_id, t.org_id, t.session_id;
  elsif t.ended_at is not null or t.disabled_at is not null
     or t.expires_at <= now() or t.session_expires <= now() then
    return query select 'ended'::text, t.user_id, t.org_id, t.session_id;
  else
    update refresh_tokens set spent_at = now() where hash = p_spent;
    insert into refresh_tokens (hash, org_id, session_id, expires_at)
      values (p_fresh, t.org_id, t.session_id, least(now() + p_life * interval '1 second', t.session_expires));
    return query select 'rotated'::text, t.user_id, t.org_id, t.session_id;
  end if;
end $$;

-- A new organisation starts with one administrator, added by the platform; from
-- then on it looks after its people itself. False where it has people already.
create function add_first_administrator(p_org uuid, p_user uuid, p_email text, p_name text,
    p_password_hash text, p_grant uuid)
  returns boolean language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  if current_setting('app.org_kind', true) is distinct from 'platform'
     or exists (select from users u where u.org_id = p_org) then
    return false;
  end if;
  insert into users (id, org_id, email, name, password_hash)
    values (p_user, p_org, p_email, p_name, p_password_hash);
  insert into role_grants (id, org_id, user_id, role, granted_by)
    values (p_grant, p_org, p_user, 'org_admin', app_user());
  return true;
end $$;

create function has_demo_users() returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp
  as $$ select exists (select from users where is_demo) $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.keep_sign_in_name() owner to wardlink_definer;
alter function wardlink.enter(uuid, uuid, text) owner to wardlink_definer;
alter function wardlink.find_sign_in(text) owner to wardlink_definer;
alter function wardlink.start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text) owner to wardlink_definer;
alter function wardlink.rotate_refresh_token(bytea, bytea, bigint) owner to wardlink_definer;
alter function wardlink.add_first_administrator(uuid, uuid, text, text, text, uuid) owner to wardlink_definer;
alter function wardlink.has_demo_users() owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on all functions in schema wardlink from public;
grant execute on all functions in schema wardlink to wardlink_app, wardlink_worker, wardlink_definer;
grant execute on function wardlink.has_demo_users() to wardlink_owner;

reset role;
reset search_path;
