-- Subjects are found by who or what they are, across all cases: what is held about somebody
-- (DPA 2018 s.45) is asked by a name, and not by an id.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The words of a text without case, accents and apostrophes, the same for whatever locale the
-- database has: what is no letter and no digit is named by its code points. Without the
-- extension `unaccent`, which not every installation may have; so the few letters that have no
-- decomposition are named.
create function plain_words(said text) returns text[] language sql immutable parallel safe as $$
  select string_to_array(btrim(regexp_replace(
    replace(replace(replace(translate(lower(regexp_replace(
      normalize(translate(said, '''’‘ʼ`´', ''), nfkd), '[\u0300-\u036F]', '', 'g')),
      'łŁøØđĐðÐħĦıŧŦ', 'llooddddhhitt'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
    '[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u2000-\u206F\u3000-\u303F]+', ' ', 'g')), ' ')
$$;

-- What a subject is found by, and what is looked for, made alike: each member with its value as
-- it is compared. A member in which there is nothing to compare is one key all the same, so that
-- a search by it does not find everybody. Keys are cut, since an index takes none of any length.
create function subject_keys(particulars jsonb) returns text[] language sql immutable parallel safe as $$
  select coalesce(array_agg(distinct left(member || ':' || said, 250)), '{}')
    from (
      select of_words.member,
             unnest(coalesce(nullif(wardlink.plain_words(of_words.said), '{}'), '{""}')) as said
        from (values ('name', particulars ->> 'name'), ('address', particulars ->> 'address')) of_words (member, said)
       where of_words.said is not null
      union all
      select 'date_of_birth', particulars ->> 'date_of_birth'
      union all
      -- A number of this country, with its code or without.
      select 'phone', regexp_replace(regexp_replace(particulars ->> 'phone', '[^0-9]', '', 'g'),
        '^(00)?440?([0-9]{9,10})$', '0\2')
      union all
      select 'email', lower(particulars ->> 'email')
      union all
      select 'vrm', regexp_replace(upper(particulars ->> 'vrm'), '[^A-Z0-9]', '', 'g')
      union all
      select 'vin', regexp_replace(upper(particulars ->> 'vin'), '[^A-Z0-9]', '', 'g')
      union all
      select 'uprn', ltrim(particulars ->> 'uprn', '0')
    ) keys
   where said is not null
$$;

-- Made by the database from what stands in the row: whoever corrects a subject corrects it too,
-- and it goes with the subject that is erased.
-- squawk-ignore adding-field-with-default -- of the rows that there are as well: the table is written anew
alter table subjects add column search_keys text[] not null generated always as (subject_keys(particulars)) stored;

-- Containing is marked leakproof (src/db/migrate.rs), so that the index serves below the policies.
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index subjects_by_key on subjects using gin (search_keys);

revoke execute on function plain_words(text), subject_keys(jsonb) from public;
grant execute on function plain_words(text), subject_keys(jsonb) to wardlink_app;

reset role;
reset search_path;
