-- For this transaction: filtered index scans go on until they have enough rows, and give up in the
-- end.
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('hnsw.ef_search', '100', true),
       set_config('hnsw.max_scan_tuples', '40000', true)
