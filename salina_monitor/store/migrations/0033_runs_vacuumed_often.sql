-- An index answers alone only for pages that a vacuum has seen. By default that is after a fifth of the table has
-- changed: at two million runs, a week after the newest were written, which are the ones people look at.
alter table runs set (
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 5000
);
