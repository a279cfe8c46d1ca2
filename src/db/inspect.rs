//! What of the server, its roles and the schema must not be so where real data is.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::error::Result;

const CATALOGUE: &str = include_str!("catalog_lint.sql");
const SERVER: &str = include_str!("server_lint.sql");

/// The rights of the login itself, whichever role it has taken on.
const LOGIN: &str = "\
    select 'login_too_powerful'::text as lint, format('%s is %s', session_user, f.what)::text as object \
      from pg_roles me, lateral ( \
        select 'a superuser' as what where me.rolsuper \
        union all select 'exempt from row-level security' where me.rolbypassrls and not me.rolsuper \
        union all select 'a member of ' || r.rolname from pg_roles r \
          where r.rolname in ('wardlink_owner', 'wardlink_definer', 'wardlink_migrator') \
            and not me.rolsuper and pg_has_role(session_user, r.oid, 'member')) f \
     where me.rolname = session_user order by 2";

/// A thing that is not as it must be.
#[derive(Debug, QueryableByName)]
pub struct Finding {
    /// What is wrong.
    #[diesel(sql_type = Text)]
    pub lint: String,
    /// With what.
    #[diesel(sql_type = Text)]
    pub object: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.lint.replace('_', " "), self.object)
    }
}

#[derive(QueryableByName)]
struct Graded {
    #[diesel(embed)]
    finding: Finding,
    #[diesel(sql_type = Text)]
    severity: String,
}

/// What of a database was found wrong: what forbids its use, and what is only said.
#[derive(Debug, Default)]
pub struct Findings {
    /// Nothing may be served.
    pub faults: Vec<Finding>,
    /// Known and open.
    pub warnings: Vec<Finding>,
}

/// Looks at the login of `connection`, at the server's settings and at the schema.
///
/// # Errors
/// Those of the database.
#[expect(clippy::disallowed_methods, reason = "the catalogue is not in the schema")]
pub async fn inspect(connection: &mut AsyncPgConnection) -> Result<Findings> {
    let mut faults: Vec<Finding> = diesel::sql_query(LOGIN).load(connection).await?;
    faults.extend(diesel::sql_query(CATALOGUE).load::<Finding>(connection).await?);
    let server: Vec<Graded> = diesel::sql_query(SERVER).load(connection).await?;
    let (grave, slight): (Vec<_>, Vec<_>) = server.into_iter().partition(|found| found.severity == "fault");
    faults.extend(grave.into_iter().map(|graded| graded.finding));
    Ok(Findings {
        faults,
        warnings: slight.into_iter().map(|graded| graded.finding).collect(),
    })
}
