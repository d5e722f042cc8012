-- An action whose answer was lost may have been done: that is neither "done" nor "failed".
alter table activity drop constraint activity_outcome_check;
alter table activity add constraint activity_outcome_check
    check (outcome in ('done', 'refused', 'failed', 'unconfirmed'));
