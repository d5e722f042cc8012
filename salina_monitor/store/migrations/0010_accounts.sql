-- Who may sign in, who is signed in, and who has to wait.
-- Nothing here can be used to sign in: passwords are bcrypt hashes, tokens and tickets are keyed hashes.

create table users (
    name          text primary key check (name = lower(name) and name <> ''),
    role          text not null check (role in ('owner', 'admin', 'finance', 'editor', 'author')),
    password_hash text not null,
    disabled      boolean not null default false,
    must_change   boolean not null default false,
    created_at    timestamptz not null
);

create table sessions (
    token_hash   bytea primary key,
    cookie_hash  bytea unique,
    user_name    text not null references users (name) on delete cascade,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null,
    address      text not null,
    agent        text not null
);
create index sessions_by_user on sessions (user_name);
create index sessions_by_end on sessions (expires_at);

create table session_tickets (
    ticket_hash bytea primary key,
    token_hash  bytea not null references sessions (token_hash) on delete cascade,
    expires_at  timestamptz not null
);
create index session_tickets_by_session on session_tickets (token_hash);

create table sign_in_throttle (
    key           text primary key,
    failures      integer not null,
    blocked_until timestamptz not null,
    forget_at     timestamptz not null
);
create index sign_in_throttle_by_end on sign_in_throttle (forget_at);
