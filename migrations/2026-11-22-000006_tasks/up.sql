-- The tasking contract between organisations (domain §2.5).

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table tasks (
  id uuid primary key,
  -- The organisation that asks.
  org_id uuid not null references organisations (id),
  requesting_user_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  ref text not null,
  -- The organisation that is asked, and its named officer or team.
  owner_org_id uuid not null references organisations (id),
  owner_user_id uuid,
  owner_team_id uuid,
  -- Who was asked before a transfer; they keep sight of what they passed on.
  previous_owner_org_ids uuid[] not null default '{}',
  title text not null,
  description text not null,
  tactic text not null,
  priority text not null check (priority in ('p1', 'p2', 'p3', 'p4')),
  state text not null check (state in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted',
    'completed', 'assessed', 'declined', 'cancelled', 'lapsed')),
  due_at timestamptz not null,
  original_due_at timestamptz not null,
  accept_due_at timestamptz,
  success_measure text,
  offer jsonb,
  -- A task is extended a few times, not billions.
  -- squawk-ignore prefer-bigint-over-int
  extensions integer not null default 0,
  submitted_by uuid,
  result text,
  outcome text check (outcome in ('done', 'partly', 'not_possible')),
  evidence_ids uuid[] not null default '{}',
  evidence_text text,
  verified_by uuid,
  effectiveness smallint check (effectiveness between 0 and 3),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz,
  version bigint not null default 1,
  unique (org_id, id),
  unique (org_id, ref),
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (org_id, requesting_user_id) references users (org_id, id),
  foreign key (owner_org_id, owner_user_id) references users (org_id, id),
  foreign key (owner_org_id, owner_team_id) references teams (org_id, id)
);
create index tasks_by_case on tasks (case_id);
create index tasks_outgoing on tasks (org_id, updated_at desc, id desc);
create index tasks_incoming on tasks (owner_org_id, updated_at desc, id desc);
create index tasks_awaiting_acceptance on tasks (accept_due_at) where state = 'proposed';

create table task_events (
  seq bigint generated always as identity primary key,
  id uuid not null default gen_random_uuid(),
  task_id uuid not null,
  task_org_id uuid not null,
  -- Who acted; NULL user for the deployment's own clock.
  org_id uuid not null,
  actor_user_id uuid,
  on_behalf_of text,
  at timestamptz not null default clock_timestamp(),
  verb text not null,
  from_state text,
  to_state text not null,
  -- Both sides' named officers at that moment.
  requesting_user_id uuid not null,
  owner_org_id uuid not null,
  owner_user_id uuid,
  reason text,
  text text,
  due_before timestamptz,
  due_after timestamptz,
  facts jsonb not null default '{}',
  foreign key (task_org_id, task_id) references tasks (org_id, id)
);
create index task_events_by_task on task_events (task_id, seq);

alter table tasks enable row level security, force row level security;
alter table task_events enable row level security, force row level security;

-- The two sides and the owner of the case see a task, as long as they see the case.
create policy sides on tasks for select to wardlink_app
  using ((app_org() in (org_id, owner_org_id, case_org_id) or app_org() = any (previous_owner_org_ids))
    and exists (select from case_access a where a.case_id = tasks.case_id offset 0));
create policy asks on tasks for insert to wardlink_app
  with check (org_id = app_org() and requesting_user_id = app_user()
    and exists (select from case_access a where a.case_id = tasks.case_id
      and a.level in ('owner', 'contribute') offset 0));
create policy sides_change on tasks for update to wardlink_app
  using (app_org() in (org_id, owner_org_id)
    and exists (select from case_access a where a.case_id = tasks.case_id offset 0))
  with check (exists (select from case_access a where a.case_id = tasks.case_id offset 0));
create policy lapser on tasks to wardlink_worker
  using (state in ('proposed', 'lapsed')) with check (state = 'lapsed');

create policy sides on task_events for select to wardlink_app
  using (exists (select from tasks t where t.id = task_events.task_id offset 0));
create policy acts on task_events for insert to wardlink_app with check (org_id = app_org());
create policy lapser on task_events for insert to wardlink_worker with check (verb = 'lapse');

grant select, insert, update on tasks to wardlink_app;
grant select, insert on task_events to wardlink_app;
grant select, update on tasks to wardlink_worker;
grant insert on task_events to wardlink_worker;

reset role;
reset search_path;
