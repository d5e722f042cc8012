-- What was told about trouble, to whom, and what still waits to be told.

-- One row for each trouble, from the first look at which it was there until it is over. Without opened_at it was not
-- there often enough yet; told_at without closed_at: people know, and wait for the end.
create table alerts (
    id           bigint generated always as identity primary key,
    key          text not null,
    rule         text not null,
    scope        text not null,
    level        text not null check (level in ('attention', 'trouble')),
    title        text not null,
    lines        text[] not null default '{}',
    path         text not null default '',
    began_at     timestamptz not null,
    seen         integer not null default 0,
    missed       integer not null default 0,
    gone_at      timestamptz,
    opened_at    timestamptz,
    closed_at    timestamptz,
    told_at      timestamptz,
    told_level   text,
    told         integer not null default 0,
    reminders    integer not null default 0
);
comment on column alerts.scope is 'what maintenance would cover it: a service, network or jobs';
create unique index alerts_open on alerts (key) where closed_at is null;
create index alerts_by_time on alerts (opened_at desc);

-- When the rules about jobs were judged last: two looks a second apart are one.
create table alert_round (
    singleton boolean primary key default true check (singleton),
    judged_at timestamptz
);
insert into alert_round default values;

create table alert_subscriptions (
    user_name  text primary key references users (name) on delete cascade,
    address    text not null check (address ~ '^[^[:space:][:cntrl:]]+@[^[:space:][:cntrl:]]+$' and length(address) <= 254),
    since      timestamptz not null,
    tested_at  timestamptz
);
comment on table alert_subscriptions is 'who asked for mail, and where to; whether they may have it is asked when it is sent';

-- One row for each letter and receiver. A mail knows its user, not the address: that is looked up when it is sent.
create table alert_outbox (
    id          bigint generated always as identity primary key,
    channel     text not null check (channel in ('mail', 'webhook')),
    user_name   text not null default '',
    key         uuid not null default gen_random_uuid(),
    letter      jsonb not null,
    made_at     timestamptz not null,
    state       text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up', 'dropped')),
    attempts    integer not null default 0,
    next_at     timestamptz not null,
    held_until  timestamptz,
    tried_at    timestamptz,
    settled_at  timestamptz,
    code        text not null default '',
    said        text not null default ''
);
comment on column alert_outbox.key is 'goes with every try, so that who took it before does not take it twice';
create index alert_outbox_waiting on alert_outbox (channel, user_name, id) where state = 'waiting';
create index alert_outbox_settled on alert_outbox (settled_at desc) where state <> 'waiting';
