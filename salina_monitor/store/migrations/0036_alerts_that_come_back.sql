-- Trouble of a service that comes back soon after its end is the same alert, so that flapping is no mail for each time.
alter table alerts add column returns integer not null default 0, add column looked_after boolean not null default false;
comment on column alerts.returns is 'so often it was over and came back soon';
create index alerts_just_over on alerts (closed_at) where rule = 'service';
update alerts set key = 'service:' || scope where id in (
    select max(id) from alerts where rule = 'service' and closed_at is null group by scope
);
