//! Statements written out, where diesel has no words for them (`xid8`, `unnest`).
//! Each is prepared once per connection.

/// A statement with its text and values, which the text names `$value`.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty as $sql:ty),* $(,)? } $text:literal) => {
        $(#[$doc])*
        struct $name<'a> { $($field: $type,)* lifetime: std::marker::PhantomData<&'a ()> }

        impl diesel::query_builder::QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::Query for $name<'_> {
            type SqlType = diesel::sql_types::Untyped;
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>) -> diesel::QueryResult<()> {
                // The text names its values $field; each becomes the next bind.
                let mut rest = $text;
                while let Some((before, after)) = rest.split_once('$') {
                    out.push_sql(before);
                    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    let name = &after[..end];
                    let bound = false
                        $(|| name == stringify!($field) && out.push_bind_param::<$sql, _>(&self.$field).map(|()| true)?)*;
                    if !bound {
                        return Err(diesel::result::Error::QueryBuilderError(name.into()));
                    }
                    rest = &after[end..];
                }
                out.push_sql(rest);
                Ok(())
            }
        }

        impl<Conn> diesel::RunQueryDsl<Conn> for $name<'_> {}
    };
}

pub(super) use statement;
