-- What a job is about (kind:id), and the words of its input for search. Runs read before have neither until traced.
alter table events rename column tenant_tokens to tokens;
alter table events add column documents text[] not null default '{}';
alter table runs add column documents text[] not null default '{}';
create index runs_by_document on runs using gin (documents);
