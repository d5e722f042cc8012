-- name: activity_add
-- Adds one row.
insert into activity (at, who, kind, target, outcome, address, why, detail)
values (%(at)s, %(who)s, %(kind)s, %(target)s, %(outcome)s, %(address)s, %(why)s, %(detail)s);

-- name: activity_add_once
-- Adds one row unless there is a recent one of this kind from this address.
insert into activity (at, who, kind, target, outcome, address, why, detail)
select %(at)s, %(who)s, %(kind)s, %(target)s, %(outcome)s, %(address)s, %(why)s, %(detail)s
where not exists (select 1 from activity where kind = %(kind)s and at > %(since)s and address = %(address)s);

-- name: activity_own_up
-- What was asked of Inngest and never got its outcome gets one: nobody knows. Told is what came before it was asked anew.
with asked as (
    select *, left(kind, -6) as done, lead(at) over (partition by who, kind, target order by at, id) as again_at
    from activity where kind in ('rerun_asked', 'cancel_asked') and at >= %(since)s
)
insert into activity (at, who, kind, target, outcome, address, why, detail)
select at, who, done, target, 'unconfirmed', address, why, '{"code": "unconfirmed"}'
from asked
where at < %(before)s and not exists (select from activity told where told.kind = asked.done
    and told.target = asked.target and told.who = asked.who
    and told.at >= asked.at and told.at < coalesce(asked.again_at, 'infinity'));

-- name: activity_prune
-- Forgets the oldest rows beyond the retention, without waiting for anybody who does the same.
delete from activity where id in (
    select id from activity where at < %(before)s order by at limit %(limit)s for update skip locked
);

-- name: activity_page
-- One page, newest first.
select id, at, who, kind, target, outcome, address, why, detail from activity
where (%(who)s::text is null or who = %(who)s) and (%(kind)s::text is null or kind = %(kind)s)
  and (%(since)s::timestamptz is null or at >= %(since)s)
order by at desc, id desc limit %(limit)s offset %(offset)s;

-- name: activity_count
-- How many rows, up to a cap.
select count(*) as n from (
    select from activity
    where (%(who)s::text is null or who = %(who)s) and (%(kind)s::text is null or kind = %(kind)s)
      and (%(since)s::timestamptz is null or at >= %(since)s)
    limit %(cap)s
) as found;

-- name: activity_people
-- Everybody who has a row: a walk from one name to the next over the index.
with recursive walk (who) as (
    (select who from activity order by who limit 1)
    union all
    select (select who from activity where who > walk.who order by who limit 1) from walk where walk.who is not null
)
select who from walk where who is not null;
