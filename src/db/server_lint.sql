-- What a server in real use must not be set to: `fault` where what was committed
-- may be lost, `warning` where a known hole in row-level security is still open.
-- Servers made for tests fail this on purpose, so it is apart from catalog_lint.sql.

select 'durability_off'::text as lint, format('%s = %s', name, setting)::text as object, 'fault'::text as severity
  from pg_settings
 where name in ('fsync', 'full_page_writes') and setting <> 'on'
    or name = 'synchronous_commit' and setting not in ('on', 'remote_apply')
union all
-- What passes by itself is told from what does not by the server's own words.
select 'messages_translated', format('lc_messages = %s', current_setting('lc_messages')), 'fault'
 where current_setting('lc_messages') !~ '^(C|POSIX|en)'
union all
-- ON CONFLICT ran a query's own conditions before the policy's until 15.20.
select 'server_outdated', current_setting('server_version'), 'warning'
 where current_setting('server_version_num')::int < 150020
order by lint, object;
