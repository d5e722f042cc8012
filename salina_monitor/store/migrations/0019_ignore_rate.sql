-- A failure may be ignored until it comes so often within an hour.
alter table failure_marks add column until_per_hour integer check (until_per_hour > 0);
