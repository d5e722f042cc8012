-- For the cards of a user who may see one tenant only: counts by hour come from this index alone.
create index runs_ended_by_tenant on runs (tenant_id, status, ended_at) include (first_seq, ended_seq, tenant_seq);
