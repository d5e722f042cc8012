-- A month of a tenant by the hour: the quarters of eight large tenants are too many to add up for one chart.
lock table runs in share row exclusive mode;

create table run_counts_by_tenant_hour (
    tenant_id text collate "C" not null,
    hour      timestamptz not null,
    status    text not null,
    n         bigint not null,
    primary key (tenant_id, hour, status)
);

create function hour_of(at timestamptz) returns timestamptz language sql immutable parallel safe as
    $$ select date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00+00') $$;

create or replace function count_runs(changes run_change[]) returns void language plpgsql as $$
begin
    insert into run_counts as c (bucket, function_id, status, n)
    select bucket, function_id, status, sum(d) from unnest(changes)
    group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
    on conflict (bucket, function_id, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_tenant as c (tenant_id, bucket, function_id, status, n)
    select tenant_id, bucket, function_id, status, sum(d) from unnest(changes) where tenant_id is not null
    group by 1, 2, 3, 4 having sum(d) <> 0 order by 1, 2, 3, 4
    on conflict (tenant_id, bucket, function_id, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_tenant_hour as c (tenant_id, hour, status, n)
    select tenant_id, hour_of(bucket), status, sum(d) from unnest(changes) where tenant_id is not null
    group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
    on conflict (tenant_id, hour, status) do update set n = c.n + excluded.n;

    insert into run_counts_by_tenant_day as c (day, tenant_id, status, n)
    select day_of(bucket), tenant_id, status, sum(d) from unnest(changes) where tenant_id is not null
    group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
    on conflict (day, tenant_id, status) do update set n = c.n + excluded.n;
end
$$;

insert into run_counts_by_tenant_hour (tenant_id, hour, status, n)
select tenant_id, hour_of(bucket), status, sum(n) from run_counts_by_tenant group by 1, 2, 3 order by 2, 1, 3;
