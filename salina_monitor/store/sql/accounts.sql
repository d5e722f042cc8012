-- name: user_add
-- Makes a user unless the name is taken; answers the row only to the one who made it.
insert into users (name, role, password_hash, must_change, created_at, tenant_id, is_sandbox)
values (%(name)s, %(role)s, %(password_hash)s, %(must_change)s, %(now)s, %(tenant)s, %(sandbox)s)
on conflict (name) do nothing
returning name, role, disabled, must_change, created_at, tenant_id;

-- name: first_owner_add
-- Makes the first user of an empty table; of two processes at once the primary key lets one through.
insert into users (name, role, password_hash, must_change, created_at)
select %(name)s, 'owner', %(password_hash)s, %(must_change)s, %(now)s
where not exists (select 1 from users)
on conflict (name) do nothing
returning name;

-- name: users_exist
-- Whether anybody can be signed in at all.
select exists (select 1 from users) as found;

-- name: user_get
-- One user with the hash of the password.
select name, role, disabled, must_change, created_at, tenant_id, password_hash from users where name = %(name)s;

-- name: users_list
-- Everybody, by name.
select name, role, disabled, must_change, created_at, tenant_id from users order by name;

-- name: users_of_sandbox
-- Users whose password everybody knows.
select name from users where is_sandbox order by name;

-- name: user_lock
-- One user as they are until this transaction ends.
select name, role, disabled, must_change, created_at, tenant_id from users where name = %(name)s for update;

-- name: owners_lock
-- The enabled owners, locked in one order, so that two people cannot both take away the other last one.
select name from users where role = 'owner' and not disabled order by name for update;

-- name: user_set_role
-- Gives a user another role.
update users set role = %(role)s where name = %(name)s
returning name, role, disabled, must_change, created_at, tenant_id;

-- name: user_set_tenant
-- Limits a user to one tenant, or lifts that.
update users set tenant_id = %(tenant)s where name = %(name)s
returning name, role, disabled, must_change, created_at, tenant_id;

-- name: user_set_disabled
-- Shuts a user out or lets the user in again.
update users set disabled = %(disabled)s where name = %(name)s
returning name, role, disabled, must_change, created_at, tenant_id;

-- name: user_set_password
-- Gives a user another password.
update users set password_hash = %(password_hash)s, must_change = %(must_change)s, is_sandbox = false where name = %(name)s
returning name, role, disabled, must_change, created_at, tenant_id;

-- name: user_swap_password
-- The same, only while the password is still the one that was just verified.
update users set password_hash = %(password_hash)s, must_change = false, is_sandbox = false
where name = %(name)s and password_hash = %(old_hash)s and not disabled
returning name;

-- name: session_add
-- Signs somebody in who is not disabled at this moment.
insert into sessions (token_hash, user_name, created_at, last_seen_at, expires_at, address, agent)
select %(token_hash)s, name, %(now)s, %(now)s, %(expires_at)s, %(address)s, %(agent)s
from users where name = %(user_name)s and not disabled
returning id;

-- name: session_find
-- Who is behind a token now: role and state are the user's of this moment, not of the sign-in.
select s.id, s.token_hash, s.cookie_hash is not null as has_cookie, s.created_at as since, s.last_seen_at, s.expires_at,
       u.name, u.role, u.disabled, u.must_change, u.created_at, u.tenant_id
from sessions s join users u on u.name = s.user_name
where (s.token_hash = %(hash)s or s.cookie_hash = %(hash)s)
  and not u.disabled and s.expires_at > %(now)s and s.last_seen_at > %(idle_since)s;

-- name: session_touch
-- Remembers the use of a session, forwards only.
update sessions set last_seen_at = %(now)s where token_hash = %(token_hash)s and last_seen_at < %(now)s;

-- name: session_end
-- Signs out, by either of the two tokens.
delete from sessions where token_hash = %(hash)s or cookie_hash = %(hash)s
returning user_name;

-- name: sessions_end_of_user
-- Ends the sessions of a user, except one if it is named.
delete from sessions where user_name = %(name)s and token_hash is distinct from %(except_hash)s;

-- name: sessions_open
-- Sessions that have not ended, of one user or of all, the latest used first.
select id, user_name, token_hash, created_at as since, last_seen_at, expires_at, address, agent
from sessions
where (%(name)s::text is null or user_name = %(name)s) and expires_at > %(now)s and last_seen_at > %(idle_since)s
order by last_seen_at desc, id desc limit %(limit)s;

-- name: session_end_by_id
-- Ends one session, of this user only if one is named.
delete from sessions where id = %(id)s and (%(name)s::text is null or user_name = %(name)s)
returning user_name;

-- name: sessions_prune
-- Forgets sessions that have ended by themselves; their tickets go with them.
delete from sessions where expires_at <= %(now)s or last_seen_at <= %(idle_since)s;

-- name: ticket_add
-- Leaves a ticket for the cookie of a session.
insert into session_tickets (ticket_hash, token_hash, expires_at)
values (%(ticket_hash)s, %(token_hash)s, %(expires_at)s);

-- name: ticket_take
-- Takes a ticket; whoever deletes the row has it, so it works once.
delete from session_tickets where ticket_hash = %(ticket_hash)s returning token_hash, expires_at;

-- name: session_set_cookie
-- Gives a session its cookie, once.
update sessions set cookie_hash = %(cookie_hash)s
where token_hash = %(token_hash)s and cookie_hash is null and expires_at > %(now)s
returning expires_at;

-- name: throttle_claim
-- Makes sure of a counter and locks it until the transaction ends.
insert into sign_in_throttle (key, failures, blocked_until, forget_at)
values (%(key)s, 0, %(now)s, %(now)s)
on conflict (key) do update set key = excluded.key
returning failures, blocked_until, forget_at;

-- name: throttle_set
-- Writes a counter that this transaction holds.
update sign_in_throttle set failures = %(failures)s, blocked_until = %(blocked_until)s, forget_at = %(forget_at)s
where key = %(key)s;

-- name: throttle_clear
-- Forgets a counter.
delete from sign_in_throttle where key = %(key)s;

-- name: throttle_prune
-- Forgets the counters whose time is over, except those somebody is counting on right now.
delete from sign_in_throttle where key in (
    select key from sign_in_throttle where forget_at <= %(now)s for update skip locked
);
