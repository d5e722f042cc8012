-- Any two filters together find their page in one index: a rare pair must not be looked for among millions.
create index runs_by_function_status on runs (function_id, status, queued_at desc, id desc)
    include (first_seq, ended_at, ended_seq);
create index runs_by_tenant_status on runs (tenant_id, status, queued_at desc, id desc)
    include (function_id, first_seq, ended_at, ended_seq, tenant_seq);
-- Cards of one tenant come from counts by quarter now; what became known of tenants after a view is subtracted.
drop index runs_ended_by_tenant;
create index runs_by_tenant_seq on runs (tenant_seq, queued_at desc);
drop index runs_without_tenant;
