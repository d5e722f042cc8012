-- name: claim
-- The right to ask Inngest for this now; no row when somebody did a moment ago.
insert into job_actions as a (job_id, what, at, who) values (%(job_id)s, %(what)s, %(at)s, %(who)s)
on conflict (job_id, what) do update set at = excluded.at, who = excluded.who where a.at < %(before)s
returning who

-- name: claimed_by
-- Who asked for it last, and when.
select who, at from job_actions where job_id = %(job_id)s and what = %(what)s

-- name: release
-- It was not done, so it may be asked for again.
delete from job_actions where job_id = %(job_id)s and what = %(what)s and who = %(who)s
