-- Alerts: what was told about trouble, and what waits to be told.

-- name: judged
-- When the rules about jobs were judged last.
select judged_at from alert_round

-- name: judged_now
-- They were judged now.
update alert_round set judged_at = %(now)s

-- name: open_alerts
-- Everything that is not over, counted or open; nobody else decides until the transaction ends.
select * from alerts where closed_at is null order by id for update

-- name: just_over
-- Alerts of services that ended a moment ago: what comes back goes on.
select distinct on (key) * from alerts
where closed_at > %(since)s and closed_at <= %(now)s and opened_at is not null and rule = 'service'
order by key, closed_at desc, id desc

-- name: add_alert
-- A trouble seen for the first time.
insert into alerts (key, rule, scope, level, title, lines, path, began_at, seen, missed, gone_at, opened_at, closed_at,
    told_at, told_level, told, reminders, returns, looked_after)
values (%(key)s, %(rule)s, %(scope)s, %(level)s, %(title)s, %(lines)s, %(path)s, %(began_at)s, %(seen)s, %(missed)s,
    %(gone_at)s, %(opened_at)s, %(closed_at)s, %(told_at)s, %(told_level)s, %(told)s, %(reminders)s, %(returns)s,
    %(looked_after)s)
returning id

-- name: save_alert
-- How it stands now.
update alerts set level = %(level)s, title = %(title)s, lines = %(lines)s, path = %(path)s, seen = %(seen)s,
    missed = %(missed)s, gone_at = %(gone_at)s, opened_at = %(opened_at)s, closed_at = %(closed_at)s,
    told_at = %(told_at)s, told_level = %(told_level)s, told = %(told)s, reminders = %(reminders)s,
    returns = %(returns)s, looked_after = %(looked_after)s
where id = %(id)s

-- name: forget_alert
-- It was not there often enough to become one.
delete from alerts where id = %(id)s and opened_at is null

-- name: open_incidents
-- Trouble of services. `is_part`: told as trouble of the network. `may_be_network`: no other service was well since it
-- began, so the next checks may show that all are away. `is_recent`: the last result still speaks for it.
select i.id, i.scope, i.opened_at, i.worst, i.message, i.acknowledged_at is not null as acknowledged,
    i.part_of is not null as is_part,
    i.scope <> 'network' and (select count(*) from incident_watch) >= %(least_services)s and not exists (
        select 1 from incident_watch w where w.service <> i.scope and w.bad = 0 and w.last_at > i.opened_at
    ) as may_be_network,
    coalesce((select max(w.holds_until) from incident_watch w where i.scope in (w.service, 'network')) >= %(now)s, true) as is_recent
from incidents i where i.closed_at is null order by i.id

-- name: unwatched_incidents
-- Of these services, whose newest incident ended because nobody watched any more.
select scope, closed_at from (
    select distinct on (scope) scope, closed_at, unwatched from incidents where scope = any(%(scopes)s) order by scope, id desc
) as newest where unwatched

-- name: successes_by_type
-- When each type succeeded last, and the longest it did not in the week before that, by quarters of an hour. What the
-- app has no longer is left out.
with points as (
    select distinct coalesce(t.type, c.function_id) as type, c.bucket
    from run_counts c left join unnest(%(functions)s::text[], %(types)s::text[]) as t (function_id, type) using (function_id)
    where c.status = 'completed' and c.n > 0 and c.bucket >= %(since)s
        and not exists (select 1 from functions f, mirror_state m
            where f.id = c.function_id and f.seen_at < m.functions_at - interval '1 day')
), last as (
    select type, max(bucket) as bucket from points group by type
), gaps as (
    select p.type, p.bucket - lag(p.bucket) over (partition by p.type order by p.bucket) as gap
    from points p join last l on l.type = p.type and p.bucket > l.bucket - interval '8 days'
)
select l.type, l.bucket + interval '15 minutes' as last_at, count(g.gap) as n, max(g.gap) as longest
from last l left join gaps g on g.type = l.type
group by l.type, l.bucket order by l.type

-- name: function_names
-- Names of functions, for labels.
select id, name from functions

-- name: alerts_of
-- Alerts that are open, the worst first, or were since then; each the newest first.
select * from alerts
where opened_at is not null and (closed_at is null or closed_at >= %(since)s)
order by (closed_at is null) desc, (closed_at is null and level = 'trouble') desc, opened_at desc, id desc limit %(limit)s

-- name: subscription
-- Whether and where to somebody wants mail.
select address, since, tested_at from alert_subscriptions where user_name = %(name)s

-- name: subscribe
-- Have mail sent there from now on.
insert into alert_subscriptions (user_name, address, since) values (%(name)s, %(address)s, %(now)s)
on conflict (user_name) do update set address = excluded.address,
    since = case when alert_subscriptions.address = excluded.address then alert_subscriptions.since else excluded.since end
returning address

-- name: unsubscribe
-- No more mail.
delete from alert_subscriptions where user_name = %(name)s returning address

-- name: begin_test
-- A test may begin, unless one began a moment ago.
update alert_subscriptions set tested_at = %(now)s
where user_name = %(name)s and (tested_at is null or tested_at <= %(before)s or tested_at > %(now)s)
returning address

-- name: subscribers
-- Everybody who asked for mail, as they are now.
select s.address, u.name, u.role, u.disabled, u.must_change, u.created_at, u.tenant_id
from alert_subscriptions s join users u on u.name = s.user_name order by u.name

-- name: queue
-- A letter that waits to be sent.
insert into alert_outbox (channel, user_name, letter, made_at, next_at)
values (%(channel)s, %(user_name)s, %(letter)s, %(now)s, %(now)s)

-- name: claim
-- The next letter to send: each receiver's oldest first, so that nobody reads the end before the beginning. One that was
-- refused many times lets the later ones pass. The webhook comes first, for a vendor of mail that hangs holds up every
-- mail, and that is what the webhook is for; then whatever was tried least. Nobody else takes it for a while.
update alert_outbox set held_until = now() + %(hold_s)s * interval '1 second', tried_at = %(now)s, attempts = attempts + 1
where id = (
    select o.id from alert_outbox o
    where o.state = 'waiting' and o.next_at <= %(now)s and coalesce(o.held_until <= now(), true) and not exists (
        select 1 from alert_outbox e where e.state = 'waiting' and e.channel = o.channel and e.user_name = o.user_name
            and e.id < o.id and e.attempts < %(patience)s)
    order by o.channel = 'mail', o.attempts, o.id limit 1 for update of o skip locked
)
returning id, channel, user_name, key, letter, made_at, attempts

-- name: settle
-- How the try went.
update alert_outbox set state = %(state)s, next_at = %(next_at)s, held_until = null, code = %(code)s, said = %(said)s,
    settled_at = case when %(state)s <> 'waiting' then %(now)s end
where id = %(id)s and state = 'waiting'

-- name: hurry
-- Its receiver has just taken something: whatever else waits for it may go at once.
update alert_outbox set next_at = %(now)s
where state = 'waiting' and channel = %(channel)s and attempts > 0 and next_at > %(now)s

-- name: is_due
-- Whether anything waits to be sent now.
select exists (
    select 1 from alert_outbox where state = 'waiting' and next_at <= %(now)s and coalesce(held_until <= now(), true)
) as found

-- name: waiting
-- What waits, and why.
select channel, user_name, count(*) as n, min(made_at) as since, max(attempts) as attempts,
    (array_agg(next_at order by id))[1] as next_at,
    (array_agg(code order by tried_at desc nulls last))[1] as code,
    (array_agg(said order by tried_at desc nulls last))[1] as said
from alert_outbox where state = 'waiting' group by 1, 2 order by 1, 2

-- name: settled
-- What was sent or given up last, for each receiver.
select distinct on (channel, user_name, state) channel, user_name, state, settled_at, said
from alert_outbox where state in ('sent', 'given_up') and settled_at >= %(since)s
order by channel, user_name, state, settled_at desc
