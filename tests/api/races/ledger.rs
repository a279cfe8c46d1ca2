//! Whatever met, state, log and outbox say the same of it.

use crate::support::TestApp;

/// What must not be found, and how it is looked for.
const FAULTS: &[(&str, &str)] = &[
    (
        "two main events of one request",
        "select count(*) as number from \
           (select from audit_events group by request_id having count(*) > 1) twice",
    ),
    (
        "something was told that was not done",
        "select count(*) as number from outbox_events o where not exists \
           (select from audit_events a where a.request_id = o.request_id and a.outcome = 'done')",
    ),
    (
        "something was done on a case and nobody was told",
        "select count(*) as number from audit_events a \
          where a.outcome = 'done' and cardinality(a.case_ids) > 0 and a.op not in ('consultation', 'security') \
            and a.facts -> 'changed' is distinct from '[]' \
            and (a.op, a.action) not in (('disclosure', 'add_subject'), ('disclosure', 'correct_subject')) \
            and not exists (select from outbox_events o where o.request_id = a.request_id)",
    ),
    (
        "a task at another version than its steps",
        "select count(*) as number from tasks t \
          where t.version <> (select count(*) from task_events e where e.task_id = t.id)",
    ),
    (
        "a task in another state than its last step",
        "select count(*) as number from tasks t where t.state <> \
           (select e.to_state from task_events e where e.task_id = t.id order by e.seq desc limit 1)",
    ),
    (
        "a case in another state than its last step",
        "select count(*) as number from cases c where c.state <> \
           (select s.to_state from case_transitions s where s.case_id = c.id order by s.at desc, s.id desc limit 1)",
    ),
    (
        "a case at another version than its logged changes",
        "select count(*) as number from cases c where c.version <> 1 + \
           (select count(*) from audit_events a where a.outcome = 'done' and a.op = 'alteration' \
             and a.action in ('update_case', 'transition_case') and a.facts -> 'changed' is distinct from '[]' \
             and a.case_ids @> array[c.id])",
    ),
    (
        "an access that shows another case than there is",
        "select count(*) as number from case_access a join cases c on c.id = a.case_id \
          where (a.title, a.state, a.status_class, a.priority, a.ward_gss, a.version) is distinct from \
                (c.title, c.state, c.status_class, c.priority, c.ward_gss, c.version)",
    ),
    (
        "an access without the share that gives it",
        "select count(*) as number from case_access a left join shares s on s.id = a.share_id \
          where a.level <> 'owner' and (s.state, s.to_org_id, s.case_id, s.level, s.data_classes) is distinct from \
                ('active', a.org_id, a.case_id, a.level, a.data_classes)",
    ),
    (
        "a share that gives no access",
        "select count(*) as number from shares s where s.state = 'active' \
            and not exists (select from case_access a where a.share_id = s.id)",
    ),
    (
        "a transaction that was left open",
        "select count(*) as number from pg_stat_activity \
          where datname = current_database() and state like 'idle in transaction%'",
    ),
];

impl TestApp {
    /// Looks for every fault there can be.
    pub async fn assert_settled(&self) {
        for (fault, query) in FAULTS {
            assert_eq!(self.number(query).await, 0, "{fault}");
        }
    }
}
