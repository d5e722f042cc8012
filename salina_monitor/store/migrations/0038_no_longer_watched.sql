-- An incident ends when its service is no longer watched: what came after, nobody knows.
alter table incidents add column unwatched boolean not null default false;
comment on column incidents.unwatched is 'it ended because nobody watched the service any more, not because it was well again';
alter table incident_watch add column holds_until timestamptz;
comment on column incident_watch.holds_until is 'until then the last result speaks for the service';
