-- New rows are looked for by document in the same breath: without a list of pending entries, which each look-up would
-- read from end to end. And failures that a success may make good have an index of their own, which stays small.
alter index runs_by_document set (fastupdate = off);
create index runs_open_failures_by_document on runs using gin (documents) with (fastupdate = off)
    where status = 'failed' and superseded_seq = 9223372036854775807 and documents <> '{}';
-- A search reads pending entries too.
alter index runs_search set (gin_pending_list_limit = 1024);
