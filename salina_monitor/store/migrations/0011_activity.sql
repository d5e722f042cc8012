-- What people did, kept so that it cannot be rewritten; a user's limit to one tenant; sessions with a number.

alter table users add column tenant_id text collate "C";
alter table users add column is_sandbox boolean not null default false;
alter table users add constraint owners_see_everything check (role <> 'owner' or tenant_id is null);

alter table sessions add column id bigint generated always as identity unique;

create table activity (
    id      bigint generated always as identity primary key,
    at      timestamptz not null,
    who     text not null,
    kind    text not null,
    target  text not null default '',
    outcome text not null check (outcome in ('done', 'refused', 'failed')),
    address text not null default '',
    why     text not null default '',
    detail  jsonb not null default '{}'
);
create index activity_by_time on activity (at desc, id desc);
create index activity_by_person on activity (who, at desc, id desc);
create index activity_by_kind on activity (kind, at desc, id desc);
comment on column activity.who is 'user name; empty when nobody by the name that was typed exists';

-- A row is never changed, and goes only by age: whoever reaches the store through the monitor cannot cover a trace.
create function activity_is_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '29 days' then
        return old;
    end if;
    raise exception 'activity is append-only';
end
$$;
create trigger activity_rows_stay before update or delete on activity
    for each row execute function activity_is_append_only();
create trigger activity_stays before truncate on activity
    for each statement execute function activity_is_append_only();
