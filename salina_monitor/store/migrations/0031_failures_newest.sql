-- Causes of a range, for the verdict and the Failures page, from the index alone.
create index runs_failed_newest on runs (ended_at desc)
    include (id, function_id, fingerprint, tenant_id, tenant_seq, retry_count, superseded_seq, first_seq, ended_seq)
    where status = 'failed';
