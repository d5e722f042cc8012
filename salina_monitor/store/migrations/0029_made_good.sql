-- Made good is what the same tenant made later, all of its documents or the same event: what was called so for one
-- document of several, or for an equal id of another tenant, is open again.
with failed as materialized (
    select id, function_id, tenant_id, ended_at, documents, unnest(documents) as document from runs
    where status = 'failed' and superseded_seq < 9223372036854775807
), made as materialized (
    select function_id, tenant_id, ended_at, documents, unnest(documents) as document from runs
    where status = 'completed' and documents <> '{}'
), good as materialized (
    select distinct failed.id from failed join made using (function_id, document)
    where made.ended_at > failed.ended_at and made.tenant_id is not distinct from failed.tenant_id
        and made.documents @> failed.documents
)
update runs set superseded_seq = 9223372036854775807
where status = 'failed' and superseded_seq < 9223372036854775807 and id not in (select id from good);

update runs f set superseded_seq = (select last_seq from mirror_state)
where f.status = 'failed' and f.superseded_seq = 9223372036854775807 and f.event_id is not null and exists (
    select from runs made
    where made.event_id = f.event_id and made.status = 'completed' and made.function_id = f.function_id
        and made.ended_at > f.ended_at
);
