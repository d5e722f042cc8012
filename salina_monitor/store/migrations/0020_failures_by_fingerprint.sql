-- Totals, trend and tenants of a group from the index alone, for those limited to one tenant too.
create index runs_failed_by_fingerprint on runs (fingerprint, ended_at)
    include (first_seq, ended_seq, superseded_seq, tenant_id, tenant_seq)
    where status = 'failed' and fingerprint is not null;
drop index runs_by_fingerprint;
