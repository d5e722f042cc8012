-- The newest failures of one tenant, from an index alone: they need not be looked for among those of everybody. Without
-- those of no tenant, so that the planner cannot take it for the failures of all and sort them.
create index runs_failed_by_tenant on runs (tenant_id, ended_at desc)
    include (id, function_id, fingerprint, tenant_seq, retry_count, superseded_seq, first_seq, ended_seq)
    where status = 'failed' and tenant_id is not null;
