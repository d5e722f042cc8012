-- How many runs ended, in quarters of an hour (UTC), so that charts and baselines cost the same at any size of history.
-- Every zone's midnight is on such a quarter: days are made when they are read, in the zone of whoever looks.
--
-- Triggers keep the numbers in the transaction that changes a run, whoever writes it. A view subtracts what ended
-- after its own sync.

lock table runs in share row exclusive mode;

create table run_counts (
    bucket      timestamptz not null,
    function_id text collate "C" not null,
    status      text not null,
    n           bigint not null,
    primary key (bucket, function_id, status)
);
create table run_counts_by_tenant (
    tenant_id   text collate "C" not null,
    bucket      timestamptz not null,
    function_id text collate "C" not null,
    status      text not null,
    n           bigint not null,
    primary key (tenant_id, bucket, function_id, status)
);
-- Which tenants matter in a month must not take a walk over all their quarters.
create table run_counts_by_tenant_day (
    day       timestamptz not null,
    tenant_id text collate "C" not null,
    status    text not null,
    n         bigint not null,
    primary key (day, tenant_id, status)
);

create function quarter_of(at timestamptz) returns timestamptz language sql immutable parallel safe as
    $$ select date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00') $$;
create function day_of(at timestamptz) returns timestamptz language sql immutable parallel safe as
    $$ select date_bin('1 day', at, timestamptz '2000-01-01 00:00:00+00') $$;

create type run_change as (bucket timestamptz, function_id text, status text, tenant_id text, d bigint);

-- Adds changes to the three tables. Rows are locked in one order, so that two writers wait for each other and do not
-- stop each other.
create function count_runs(changes run_change[]) returns void language plpgsql as $$
begin
    insert into run_counts as c (bucket, function_id, status, n)
    select bucket, function_id, status, sum(d) from unnest(changes)
    group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
    on conflict (bucket, function_id, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_tenant as c (tenant_id, bucket, function_id, status, n)
    select tenant_id, bucket, function_id, status, sum(d) from unnest(changes) where tenant_id is not null
    group by 1, 2, 3, 4 having sum(d) <> 0 order by 1, 2, 3, 4
    on conflict (tenant_id, bucket, function_id, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_tenant_day as c (day, tenant_id, status, n)
    select day_of(bucket), tenant_id, status, sum(d) from unnest(changes) where tenant_id is not null
    group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
    on conflict (day, tenant_id, status) do update set n = c.n + excluded.n;
end
$$;

-- Only runs that have ended are counted, whatever else of them changes.
create function runs_changed() returns trigger language plpgsql as $$
declare
    changes run_change[];
begin
    if tg_op = 'INSERT' then
        select array_agg((r.bucket, r.function_id, r.status, r.tenant_id, r.d)::run_change) into changes from (
            select quarter_of(ended_at) as bucket, function_id, status, tenant_id, count(*) as d
            from new_rows where ended_at < 'infinity' group by 1, 2, 3, 4
        ) as r;
    elsif tg_op = 'DELETE' then
        select array_agg((r.bucket, r.function_id, r.status, r.tenant_id, r.d)::run_change) into changes from (
            select quarter_of(ended_at) as bucket, function_id, status, tenant_id, -count(*) as d
            from old_rows where ended_at < 'infinity' group by 1, 2, 3, 4
        ) as r;
    else
        select array_agg((r.bucket, r.function_id, r.status, r.tenant_id, r.d)::run_change) into changes from (
            select quarter_of(ended_at) as bucket, function_id, status, tenant_id, sum(d) as d
            from (
                select ended_at, function_id, status, tenant_id, 1 as d from new_rows
                union all
                select ended_at, function_id, status, tenant_id, -1 from old_rows
            ) as both_sides
            where ended_at < 'infinity' group by 1, 2, 3, 4 having sum(d) <> 0
        ) as r;
    end if;
    if changes is not null then
        perform count_runs(changes);
    end if;
    return null;
end
$$;

create trigger runs_inserted after insert on runs
    referencing new table as new_rows for each statement execute function runs_changed();
create trigger runs_updated after update on runs
    referencing old table as old_rows new table as new_rows for each statement execute function runs_changed();
create trigger runs_deleted after delete on runs
    referencing old table as old_rows for each statement execute function runs_changed();

insert into run_counts (bucket, function_id, status, n)
select quarter_of(ended_at), function_id, status, count(*) from runs where ended_at < 'infinity' group by 1, 2, 3;
insert into run_counts_by_tenant (tenant_id, bucket, function_id, status, n)
select tenant_id, quarter_of(ended_at), function_id, status, count(*)
from runs where ended_at < 'infinity' and tenant_id is not null group by 1, 2, 3, 4;
insert into run_counts_by_tenant_day (day, tenant_id, status, n)
select day_of(bucket), tenant_id, status, sum(n) from run_counts_by_tenant group by 1, 2, 3;
