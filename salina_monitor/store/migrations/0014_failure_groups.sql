-- Failures of one cause share a fingerprint; a failure whose document was made later is superseded.
alter table runs add column fingerprint text collate "C";
alter table runs add column superseded_seq bigint not null default 9223372036854775807;
create index runs_by_fingerprint on runs (fingerprint, ended_at) include (first_seq, ended_seq, superseded_seq, tenant_id)
    where fingerprint is not null;
create index runs_without_fingerprint on runs (ended_at desc) where status = 'failed' and fingerprint is null;

-- What people decided about a group. The latest row counts; older ones are its history.
create table failure_marks (
    id          bigint generated always as identity primary key,
    fingerprint text collate "C" not null,
    kind        text not null check (kind in ('resolved', 'ignored', 'reopened')),
    at          timestamptz not null,
    who         text not null,
    why         text not null default '',
    until_at    timestamptz,
    until_count integer,
    count_then  integer not null default 0
);
create index failure_marks_latest on failure_marks (fingerprint, id desc);
