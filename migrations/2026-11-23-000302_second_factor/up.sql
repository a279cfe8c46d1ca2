-- One-time codes as a second factor.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The roles for which an organisation asks for a second factor.
alter table organisations add column second_factor_for text[] not null default '{}';

create table totp_seeds (
  user_id uuid primary key,
  org_id uuid not null,
  -- Encrypted by the service for this row alone, under the secret of that id.
  key_id text not null,
  seed bytea not null,
  -- Signing in asks for a code from then on.
  confirmed_at timestamptz,
  -- The last code that was taken: neither it nor an older one is taken again.
  last_step bigint,
  created_at timestamptz not null default now(),
  unique (org_id, user_id),
  foreign key (org_id, user_id) references users (org_id, id)
);

create table recovery_codes (
  org_id uuid not null,
  user_id uuid not null,
  -- Keyed, by the service.
  digest bytea not null,
  used_at timestamptz,
  primary key (org_id, user_id, digest),
  foreign key (org_id, user_id) references users (org_id, id)
);

alter table totp_seeds enable row level security, force row level security;
alter table recovery_codes enable row level security, force row level security;

create policy own on totp_seeds to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy own on recovery_codes to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy definer on totp_seeds to wardlink_definer using (org_id is not null) with check (org_id is not null);
create policy definer on recovery_codes to wardlink_definer using (org_id is not null) with check (org_id is not null);
create policy resealer on totp_seeds to wardlink_worker using (org_id is not null) with check (org_id is not null);

grant select, insert, update, delete on totp_seeds, recovery_codes to wardlink_app;
grant select, update on totp_seeds, recovery_codes to wardlink_definer;
grant select, update (key_id, seed) on totp_seeds to wardlink_worker;

create function find_second_factor(p_user uuid)
  returns table (user_id uuid, org_id uuid, key_id text, seed bytea)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select t.user_id, t.org_id, t.key_id, t.seed from totp_seeds t
   where t.user_id = p_user and t.confirmed_at is not null
$$;

-- Takes a code once. Of two at the same time one waits for the other's row, and
-- then finds it taken.
create function take_totp_step(p_user uuid, p_step bigint) returns boolean
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  update totp_seeds set last_step = p_step
   where user_id = p_user and confirmed_at is not null and (last_step is null or last_step < p_step);
  return found;
end $$;

create function take_recovery_code(p_user uuid, p_digests bytea[]) returns boolean
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  update recovery_codes set used_at = clock_timestamp()
   where user_id = p_user and digest = any (p_digests) and used_at is null;
  return found;
end $$;

-- Whether the organisation asks somebody for a second factor whom it finds without.
create function lacks_second_factor(p_user uuid) returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select exists (
    select from users u join organisations o on o.id = u.org_id
      join role_grants g on g.org_id = u.org_id and g.user_id = u.id
     where u.id = p_user and g.role = any (o.second_factor_for)
       and not exists (select from totp_seeds t where t.user_id = u.id and t.confirmed_at is not null))
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.find_second_factor(uuid) owner to wardlink_definer;
alter function wardlink.take_totp_step(uuid, bigint) owner to wardlink_definer;
alter function wardlink.take_recovery_code(uuid, bytea[]) owner to wardlink_definer;
alter function wardlink.lacks_second_factor(uuid) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.find_second_factor(uuid), wardlink.take_totp_step(uuid, bigint),
  wardlink.take_recovery_code(uuid, bytea[]), wardlink.lacks_second_factor(uuid) from public;
grant execute on function wardlink.find_second_factor(uuid), wardlink.take_totp_step(uuid, bigint),
  wardlink.take_recovery_code(uuid, bytea[]), wardlink.lacks_second_factor(uuid) to wardlink_app;

reset role;
reset search_path;
