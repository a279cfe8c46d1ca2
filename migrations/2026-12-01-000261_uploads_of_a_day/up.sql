-- How much an organisation has added as attachments since a moment, for its quota: its own
-- uploads, also to cases that it sees no more.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index attachments_by_uploader on attachments (org_id, created_at) include (size_bytes);
grant select (size_bytes, created_at) on attachments to wardlink_definer;

create function uploaded_since(p_since timestamptz) returns bigint language sql stable security definer
  set search_path = wardlink, pg_temp as $$
  select coalesce(sum(a.size_bytes), 0)::bigint from attachments a
   where a.org_id = app_org() and a.created_at > p_since
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.uploaded_since(timestamptz) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.uploaded_since(timestamptz) from public;
grant execute on function wardlink.uploaded_since(timestamptz) to wardlink_app;
reset search_path;
