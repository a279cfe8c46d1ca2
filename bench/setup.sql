-- Twenty organisations, of which 0 is the demo's council and 19 its police, and the
-- words that cases are made of.
set session_replication_role = replica;
create schema bench;
set search_path = wardlink, bench, pg_temp;

create table bench.parties as
  select k, ('01900010-0000-7000-8000-' || (100000000000 + k))::uuid as org_id,
         ('01900011-0000-7000-8000-' || (100000000000 + k))::uuid as user_id, p.id as partnership_id
    from generate_series(1, 18) k, partnerships p where p.code = 'CAM';
insert into organisations (id, kind, name) select org_id, 'voluntary', 'Organisation ' || k from bench.parties;
insert into users (id, org_id, email, name)
  select user_id, org_id, 'person' || k || '@bench.example', 'Person ' || k from bench.parties;
insert into partnership_members (partnership_id, org_id) select partnership_id, org_id from bench.parties;
insert into bench.parties
  select case u.email when 'csm@camden.example' then 0 else 19 end, u.org_id, u.id, p.id
    from users u, partnerships p
   where p.code = 'CAM' and u.email in ('csm@camden.example', 'insp.north@met.example');

create table bench.types (k int, type text, state text, public_status text);
insert into bench.types values (0, 'graffiti', 'referred_external', 'with_another_organisation'),
  (1, 'abandoned_vehicle', 'reported', 'received'), (2, 'nuisance', 'reported', 'received');

create table bench.words as
  select k, 'Case ' || k || ' of ' || what as title, 'Seen ' || k || ' times on the corner, ' || what || ', five weeks running.' as description,
         k || ' Leverton Street, NW5' as address, null::tsvector as search
    from generate_series(0, 999) k,
         lateral (select (array['lettering', 'noise', 'a van', 'rubbish', 'stickers'])[1 + k % 5] as what) w;
-- case_search() is the English words and the reference, joined; the words are the same for many.
update bench.words set search = to_tsvector('english', title || ' ' || description || ' ' || address);

create table bench.ward_codes as
  select (row_number() over (order by gss))::int - 1 as k, gss
    from ward_versions where local_authority = 'E09000007' and valid_to is null;
create table bench.clock as select * from case_clocks where case_id = :'posted';
analyze bench.parties, bench.types, bench.words, bench.ward_codes;
