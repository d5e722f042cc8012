-- The list of one cause in its order, and the jobs that took long, each from its index alone: ten thousand failures,
-- spread over all there are, need not be read to be counted.
create index runs_by_fingerprint_newest on runs (fingerprint, queued_at desc, id desc)
    include (first_seq, ended_at, ended_seq, tenant_id, tenant_seq)
    where status = 'failed' and fingerprint is not null;
create index runs_long_newest on runs (queued_at desc, id desc)
    include (first_seq, ended_at, ended_seq, tenant_id, tenant_seq, status, function_id)
    where is_long;
drop index runs_long;
