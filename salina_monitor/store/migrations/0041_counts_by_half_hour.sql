-- Charts of a week and of a month add up counts of half hours, which suit all zones but those a quarter of an hour off,
-- and who has most of a month is told by weeks and days. A row holds the number of each status, so that as few as
-- possible are read.
lock table runs in share row exclusive mode;

create table run_counts_by_half (
    half        timestamptz not null,
    function_id text collate "C" not null,
    n           bigint not null,
    completed   bigint not null,
    failed      bigint not null,
    cancelled   bigint not null,
    primary key (half, function_id)
);
comment on column run_counts_by_half.n is 'whatever ended, of any status';
create table run_counts_by_tenant_half (
    tenant_id text collate "C" not null,
    half      timestamptz not null,
    n         bigint not null,
    completed bigint not null,
    failed    bigint not null,
    cancelled bigint not null,
    primary key (tenant_id, half)
);
drop table run_counts_by_tenant_hour;
drop function hour_of;
drop table run_counts_by_tenant_day;
create table run_counts_by_tenant_day (
    day       timestamptz not null,
    tenant_id text collate "C" not null,
    n         bigint not null,
    completed bigint not null,
    failed    bigint not null,
    cancelled bigint not null,
    primary key (day, tenant_id)
);
create table run_counts_by_tenant_week (
    week      timestamptz not null,
    tenant_id text collate "C" not null,
    n         bigint not null,
    completed bigint not null,
    failed    bigint not null,
    cancelled bigint not null,
    primary key (week, tenant_id)
);

create function half_of(at timestamptz) returns timestamptz language sql immutable parallel safe as
    $$ select date_bin('30 minutes', at, timestamptz '2000-01-01 00:00:00+00') $$;
-- From a Monday to the next.
create function week_of(at timestamptz) returns timestamptz language sql immutable parallel safe as
    $$ select date_bin('7 days', at, timestamptz '2000-01-03 00:00:00+00') $$;

create or replace function count_runs(changes run_change[]) returns void language plpgsql as $$
begin
    insert into run_counts as c (bucket, function_id, status, n)
    select bucket, function_id, status, sum(d) from unnest(changes)
    group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
    on conflict (bucket, function_id, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_half as c (half, function_id, n, completed, failed, cancelled)
    select half_of(bucket), function_id, sum(d), sum(d * (status = 'completed')::int), sum(d * (status = 'failed')::int),
        sum(d * (status = 'cancelled')::int)
    from unnest(changes) group by 1, 2 order by 1, 2
    on conflict (half, function_id) do update set n = c.n + excluded.n, completed = c.completed + excluded.completed,
        failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled;

    insert into run_counts_by_tenant as c (tenant_id, bucket, function_id, status, n)
    select tenant_id, bucket, function_id, status, sum(d) from unnest(changes) where tenant_id is not null
    group by 1, 2, 3, 4 having sum(d) <> 0 order by 1, 2, 3, 4
    on conflict (tenant_id, bucket, function_id, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_tenant_half as c (tenant_id, half, n, completed, failed, cancelled)
    select tenant_id, half_of(bucket), sum(d), sum(d * (status = 'completed')::int), sum(d * (status = 'failed')::int),
        sum(d * (status = 'cancelled')::int)
    from unnest(changes) where tenant_id is not null group by 1, 2 order by 1, 2
    on conflict (tenant_id, half) do update set n = c.n + excluded.n, completed = c.completed + excluded.completed,
        failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled;

    insert into run_counts_by_tenant_day as c (day, tenant_id, n, completed, failed, cancelled)
    select day_of(bucket), tenant_id, sum(d), sum(d * (status = 'completed')::int), sum(d * (status = 'failed')::int),
        sum(d * (status = 'cancelled')::int)
    from unnest(changes) where tenant_id is not null group by 1, 2 order by 1, 2
    on conflict (day, tenant_id) do update set n = c.n + excluded.n, completed = c.completed + excluded.completed,
        failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled;

    insert into run_counts_by_tenant_week as c (week, tenant_id, n, completed, failed, cancelled)
    select week_of(bucket), tenant_id, sum(d), sum(d * (status = 'completed')::int), sum(d * (status = 'failed')::int),
        sum(d * (status = 'cancelled')::int)
    from unnest(changes) where tenant_id is not null group by 1, 2 order by 1, 2
    on conflict (week, tenant_id) do update set n = c.n + excluded.n, completed = c.completed + excluded.completed,
        failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled;
end
$$;

insert into run_counts_by_half (half, function_id, n, completed, failed, cancelled)
select half_of(bucket), function_id, sum(n), sum(n * (status = 'completed')::int), sum(n * (status = 'failed')::int),
    sum(n * (status = 'cancelled')::int)
from run_counts group by 1, 2 order by 1, 2;
insert into run_counts_by_tenant_half (tenant_id, half, n, completed, failed, cancelled)
select tenant_id, half_of(bucket), sum(n), sum(n * (status = 'completed')::int), sum(n * (status = 'failed')::int),
    sum(n * (status = 'cancelled')::int)
from run_counts_by_tenant group by 1, 2 order by 2, 1;
insert into run_counts_by_tenant_day (day, tenant_id, n, completed, failed, cancelled)
select day_of(half), tenant_id, sum(n), sum(completed), sum(failed), sum(cancelled)
from run_counts_by_tenant_half group by 1, 2 order by 1, 2;
insert into run_counts_by_tenant_week (week, tenant_id, n, completed, failed, cancelled)
select week_of(day), tenant_id, sum(n), sum(completed), sum(failed), sum(cancelled)
from run_counts_by_tenant_day group by 1, 2 order by 1, 2;
