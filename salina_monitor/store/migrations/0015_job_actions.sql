-- What was asked of Inngest for a job, so that two clicks or two people ask once.
create table job_actions (
    job_id text collate "C" not null,
    what   text not null check (what in ('rerun', 'cancel')),
    at     timestamptz not null,
    who    text not null,
    primary key (job_id, what)
);
