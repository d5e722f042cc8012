-- What is usual for a function: from completed, traced runs of the last seven days.
create table baselines (
    function_id     text collate "C" primary key,
    n               integer not null,
    wait_p50_ms     bigint,
    wait_p95_ms     bigint,
    duration_p50_ms bigint,
    duration_p95_ms bigint,
    computed_at     timestamptz not null
);
