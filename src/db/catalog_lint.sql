-- What no statement of the schema may do: one row for every fault, none when all
-- is well. Whoever adds a table finds out here what was forgotten.
--
-- Foreign keys, unique indexes and cascades look past row-level security, so what
-- they may join or reveal is settled by their columns alone.

with acting (role, signs_in) as (
  select r.oid, a.signs_in
    from (values ('wardlink_app', true), ('wardlink_worker', true), ('wardlink_auditor', true),
      ('wardlink_definer', false)) a (name, signs_in)
    join pg_roles r on r.rolname = a.name
),
relation as (
  select c.* from pg_class c where c.relnamespace = 'wardlink'::regnamespace
),
-- The column that says whose row it is.
tenant as (
  select a.attrelid as relation, a.attnum as column
    from pg_attribute a join relation c on c.oid = a.attrelid
   where a.attname = 'org_id' and not a.attisdropped
),
routine as (
  select p.* from pg_proc p where p.pronamespace = 'wardlink'::regnamespace
),
foreign_key as (
  select k.* from pg_constraint k where k.contype = 'f' and k.connamespace = 'wardlink'::regnamespace
),
faults (lint, object) as (

  select 'row_security_not_forced', c.oid::regclass::text
    from relation c
   where c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)

  union all
  select 'view_runs_as_owner', c.oid::regclass::text
    from relation c
   where c.relkind = 'v'
     and not exists (select from unnest(c.reloptions) option
       where option ~* '^security_invoker=(true|on|yes|1)$')

  -- Row-level security cannot be had on a materialized view.
  union all
  select 'materialized_view_readable', format('%s by %s', c.oid::regclass, a.role::regrole)
    from relation c, acting a
   where c.relkind = 'm' and has_any_column_privilege(a.role, c.oid, 'select')

  -- With pg_temp last, nobody can put a table of their own before the real one.
  union all
  select 'definer_search_path', p.oid::regprocedure::text
    from routine p
   where p.prosecdef
     and not exists (select from unnest(p.proconfig) setting
       where setting ~ '^search_path=(pg_catalog, )?wardlink, pg_temp$')

  -- Such a function sees what the definer's policies show, not all the owner has.
  union all
  select 'definer_owner', format('%s of %s', p.oid::regprocedure, p.proowner::regrole)
    from routine p
   where p.prosecdef and p.proowner <> 'wardlink_definer'::regrole

  union all
  select 'role_attribute', r.rolname::text
    from pg_roles r join acting a on a.role = r.oid
   where r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication

  union all
  select 'role_owns', format('%s: %s', a.role::regrole, pg_describe_object(d.classid, d.objid, d.objsubid))
    from pg_shdepend d join acting a on a.role = d.refobjid and a.signs_in
   where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o'
     and (d.dbid = 0 or d.dbid = (select oid from pg_database where datname = current_database()))

  union all
  select 'role_is_member', format('%s of %s', a.role::regrole, m.roleid::regrole)
    from pg_auth_members m join acting a on a.role = m.member

  -- What was logged stays as it was written.
  union all
  select 'log_changeable', format('%s: %s by %s', c.oid::regclass, privilege, a.role::regrole)
    from relation c, acting a, unnest(array['update', 'delete', 'truncate', 'trigger', 'references']) privilege
   where c.relkind in ('r', 'p') and (c.relname like 'audit%' or c.relname in ('case_transitions', 'task_events'))
     and case when privilege in ('update', 'references') then has_any_column_privilege(a.role, c.oid, privilege)
           else has_table_privilege(a.role, c.oid, privilege) end

  -- Else a row could hang on to another organisation's, or ask whether it exists.
  union all
  select 'foreign_key_without_tenant', format('%s.%I', k.conrelid::regclass, k.conname)
    from foreign_key k
    join tenant child on child.relation = k.conrelid
    join tenant parent on parent.relation = k.confrelid
   where parent.column <> all (k.confkey)

  -- Else a refusal tells what another organisation has. Primary keys are made by
  -- the server and cannot be guessed.
  union all
  select 'unique_without_tenant', i.indexrelid::regclass::text
    from pg_index i join tenant t on t.relation = i.indrelid
   where (i.indisunique or i.indisexclusion) and not i.indisprimary
     and t.column <> all ((i.indkey::int2[])[0:i.indnkeyatts - 1])

  union all
  select 'policy_always_true', format('%s.%I', p.polrelid::regclass, p.polname)
    from pg_policy p join relation c on c.oid = p.polrelid
   where 'true' in (pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))

  union all
  select 'public_grant', format('%s on %s', g.privilege_type, g.object)
    from (
      select c.oid::regclass::text as object, x.* from relation c, aclexplode(c.relacl) x
      union all
      select format('%s.%I', c.oid::regclass, a.attname), x.*
        from relation c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) x
      union all
      -- A function is PUBLIC's until that is revoked.
      select p.oid::regprocedure::text, x.*
        from routine p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
      union all
      select format('schema %I', n.nspname), x.*
        from pg_namespace n, aclexplode(n.nspacl) x where n.nspname = 'wardlink'
    ) g
   where g.grantee = 0

  -- A cascade writes rows that no policy was asked about.
  union all
  select 'foreign_key_cascades', format('%s.%I', k.conrelid::regclass, k.conname)
    from foreign_key k
   where k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd')
)
select lint::text as lint, object::text as object from faults order by lint, object;
